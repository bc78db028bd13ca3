"""What being asked costs a coding agent: the hook before each tool call, and the proxy before an MCP server."""
