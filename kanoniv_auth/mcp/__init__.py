"""The proxy in front of an MCP server: every tool call needs a scope. docs/how-to/wrap-an-mcp-server.md."""
