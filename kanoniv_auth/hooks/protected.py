"""The names of what a coding agent must not change or read with the authority to edit code. Pure, lower case.

A row of names is a sequence along a path, found anywhere in it unless it says otherwise.
"""

from __future__ import annotations

# what decides which hooks run, what a host or git starts, and what a shell does at its start
CONFIG_PATHS = (
    (".claude",), (".claude-plugin",), (".codex",), (".gemini",), (".cursor",), (".windsurf",), (".codeium",),
    (".copilot",), (".opencode",), (".mcp.json",), (".claude.json",), (".github", "hooks"),
    (".git",), (".husky",), (".githooks",), (".envrc",), (".gitconfig",), (".vscode", "tasks.json"),
    (".vscode", "settings.json"), (".vscode", "mcp.json"), (".devcontainer",),
    # programs that a shell with the project's environment finds before the machine's
    (".venv", "bin"), ("venv", "bin"), ("node_modules", ".bin"),
)  # fmt: skip
# the host's own work trees: projects, although they lie below its folder
WORKTREES = ([".claude", "worktrees"], [".cursor", "worktrees"])
# at the beginning of the user's own directory alone; a project may hold somebody's dotfiles
USER_PATHS = (
    (".bashrc",), (".bash_profile",), (".bash_login",), (".bash_logout",), (".bash_aliases",), (".profile",),
    (".zshrc",), (".zshenv",), (".zprofile",), (".zlogin",), (".zlogout",), (".kshrc",), (".mkshrc",), (".cshrc",),
    (".tcshrc",), (".login",), (".inputrc",), (".pam_environment",), (".xprofile",), (".xinitrc",), (".xsessionrc",),
    (".ssh",), (".gnupg",), (".npmrc",), (".yarnrc",), (".yarnrc.yml",), (".netrc",), (".pypirc",),
    (".git-credentials",), (".config", "git"), (".config", "fish"), (".config", "gh"), (".config", "pip"),
    (".config", "autostart"),
    (".config", "systemd"), (".config", "environment.d"), (".config", "direnv"), (".config", "github-copilot"),
    (".config", "opencode"), (".config", "powershell"), (".pip",), (".local", "bin"), ("bin",), (".local", "lib"),
    (".vimrc",), (".vim",), (".config", "nvim"), (".emacs",), (".emacs.d",), (".docker",), (".kube",), (".aws",),
    (".cargo", "bin"), (".cargo", "config.toml"), ("library", "launchagents"), (".oh-my-zsh",), (".asdf",), (".pyenv",),
    (".nvm",), (".rbenv",),
)  # fmt: skip
# the machine's own programs and configuration, and its kernel's
MACHINE = (
    ["etc"], ["proc"], ["sys"], ["boot"], ["bin"], ["sbin"], ["lib"], ["lib64"], ["usr"], ["library"], ["system"],
)  # fmt: skip
# what a server runs with its own authority, and what others' commits run
CI_PATHS = (
    (".github", "workflows"), (".github", "actions"), (".gitlab-ci.yml",), (".gitlab",), (".circleci",),
    ("jenkinsfile",), ("azure-pipelines.yml",), ("azure-pipelines.yaml",), (".azure-pipelines",), (".travis.yml",),
    ("bitbucket-pipelines.yml",), (".drone.yml",), (".buildkite",), (".woodpecker",), (".woodpecker.yml",),
    (".gitea", "workflows"), (".forgejo", "workflows"), ("appveyor.yml",), (".appveyor.yml",), ("cloudbuild.yaml",),
    ("cloudbuild.yml",), ("buildspec.yml",), (".teamcity",), (".semaphore",), (".cirrus.yml",),
    (".pre-commit-config.yaml",), ("lefthook.yml",), (".tekton",), ("codeowners",),
)  # fmt: skip
# devices that only carry a stream on, or nothing
STREAMS = frozenset(
    ("null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "fd", "tty")
)
# of another process: what it was given, or all it can reach
PROCESS = frozenset(("environ", "mem", "fd", "root", "cwd", "map_files", "auxv", "maps"))
SECRET_PATHS = (
    (".ssh",), (".aws",), (".gnupg",), (".kube",), (".azure",), (".config", "gcloud"), (".config", "gh", "hosts.yml"),
    (".config", "hub"), (".config", "github-copilot"), (".docker", "config.json"), (".password-store",),
    (".local", "share", "keyrings"), ("library", "keychains"), (".config", "op"), (".mozilla",),
    (".config", "google-chrome"), (".config", "chromium"), ("library", "application support", "google", "chrome"),
    ("run", "secrets"), ("etc", "shadow"), ("etc", "gshadow"), ("etc", "sudoers"), ("etc", "ssl", "private"),
    (".claude", ".credentials.json"), (".codex", "auth.json"), (".gemini", "oauth_creds.json"), (".claude.json",),
    (".terraform.d", "credentials.tfrc.json"), (".cargo", "credentials.toml"), (".cargo", "credentials"),
    (".gem", "credentials"), (".m2", "settings.xml"), (".gradle", "gradle.properties"), (".config", "rclone"),
)  # fmt: skip
SECRET_NAMES = frozenset((
    ".netrc", "_netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", ".my.cnf", ".vault-token", ".htpasswd",
    ".envrc", "terraform.tfstate", "secrets.yml", "secrets.yaml", "secrets.json", "credentials.json", ".bash_history",
    ".zsh_history", ".python_history", ".psql_history", ".mysql_history", ".s3cfg", ".boto", "master.key",
))  # fmt: skip
KEYS = frozenset(("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"))
SECRET_ENDINGS = (
    ".env", ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".tfstate", ".agekey", ".gpg",
    ".asc.key",
)  # fmt: skip
# what a pattern of a shell's is compared with
SECRET_EXAMPLES = (
    *SECRET_NAMES,
    *KEYS,
    ".env",
    ".env.local",
    ".env.production",
    "server.pem",
    "server.key",
)
# the last part of a name that begins with .env, or the one before .env, of what is made to be shared
NO_SECRETS = frozenset(("example", "sample", "template", "dist", "defaults", "schema"))
