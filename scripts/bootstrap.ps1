# The action's steps around the mint on Windows; what each does, and why, stands in bootstrap.sh. Always the host
# runtime. Written for Windows PowerShell 5.1, which every Windows runner has; parsed where this was written, not run.
param([Parameter(Mandatory = $true)][ValidateSet('begin', 'cli', 'report', 'check', 'conclude')][string]$Step)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding($false)
foreach ($name in 'INPUT_ROOT_KEY', 'INPUT_API_KEY', 'INPUT_PARENT_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'KANONIV_DEPS') {
    Remove-Item "Env:$name" -ErrorAction SilentlyContinue
}
$here = (Resolve-Path (Join-Path $PSScriptRoot '..')).Path
$utf8 = New-Object System.Text.UTF8Encoding($false)

function Add-Line([string]$Path, [string]$Text) {
    # UTF-8 without a mark and with one newline; Out-File of 5.1 would write UTF-16
    [System.IO.File]::AppendAllText($Path, $Text + "`n", $utf8)
}

function Stop-Step([string]$Code, [string]$Cause, [string]$Fix) {
    Write-Host "::error title=${Code}::${Cause}. Fix: ${Fix}"
    if ($env:GITHUB_STEP_SUMMARY) {
        Add-Line $env:GITHUB_STEP_SUMMARY "### kanoniv-auth: this step could not go on`n`n| Code | Cause | Fix |`n|---|---|---|`n| $Code | $Cause | $Fix |"
    }
    exit 2
}

function Stop-Install {
    Stop-Step 'KAN-RUNNER-004' 'the locked dependencies could not be installed' "read the installer's lines above; behind a proxy set PIP_INDEX_URL and PIP_CERT"
}

function Find-Python([string]$Needs) {
    $probe = @'
import sys, os
if sys.version_info < (3, 10): sys.exit(1)
if sys.argv[1] == 'pip': import pip
print(os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable))
'@
    $file = Join-Path $script:session 'probe.py'
    [System.IO.File]::WriteAllText($file, $probe, $utf8)
    foreach ($candidate in 'python3', 'python', 'py') {
        $command = Get-Command $candidate -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
        if (-not $command) { continue }
        $found = & $command.Source -I $file $Needs 2>$null | Select-Object -First 1
        if ($LASTEXITCODE -eq 0 -and $found) { return $found }
    }
    return $null
}

function Select-Python {
    $script:uv = Get-Command uv -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($script:uv) {
        $found = Find-Python 'any'
        if (-not $found) { $found = & $script:uv.Source python find --no-project '>=3.10' 2>$null | Select-Object -First 1 }
        if ($found) { return $found }
    }
    $found = Find-Python 'pip'
    if (-not $found) {
        Stop-Step 'KAN-RUNNER-003' 'no Python 3.10 or newer with pip, and no uv, on this runner' 'add a step `uses: actions/setup-python` before this one, or put uv on PATH'
    }
    return $found
}

function Clear-Trap {
    # what makes pip or uv fail, or end well with nothing installed
    foreach ($name in 'REQUIRE_VIRTUALENV', 'USER', 'PREFIX', 'ROOT', 'TARGET', 'CONSTRAINT', 'DRY_RUN', 'NO_BINARY', 'ONLY_BINARY', 'REQUIREMENT', 'REPORT', 'PLATFORM', 'PYTHON') {
        Remove-Item "Env:PIP_$name" -ErrorAction SilentlyContinue
    }
    foreach ($name in 'UV_CONSTRAINT', 'UV_OVERRIDE', 'UV_NO_BINARY', 'UV_PREFIX', 'UV_TARGET', 'UV_PYTHON', 'UV_SYSTEM_PYTHON', 'UV_PYTHON_PLATFORM', 'VIRTUAL_ENV') {
        Remove-Item "Env:$name" -ErrorAction SilentlyContinue
    }
}

function Install-Set([string]$Lock, [string]$Target) {
    if ($script:uv) {
        & $script:uv.Source pip install -q --no-deps --require-hashes --only-binary :all: --python $script:python --target $Target -r $Lock
        if ($LASTEXITCODE -eq 0) { return }
    }
    & $script:python -I -m pip install -q --no-input --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --target $Target -r $Lock
    if ($LASTEXITCODE -ne 0) { Stop-Install }
}

function Test-Import([string[]]$Names, [string]$Target, [string]$Code) {
    $prove = @'
import compileall, importlib, sys
code, deps, *names = sys.argv[1:]
sys.path.insert(0, deps)
for name in names: importlib.import_module(name)
if code != '-': compileall.compile_dir(code, quiet=2)
'@
    $file = Join-Path $script:session 'prove.py'
    [System.IO.File]::WriteAllText($file, $prove, $utf8)
    & $script:python -I -S -B $file $Code $Target @Names
    if ($LASTEXITCODE -ne 0) { Stop-Install }
}

function Install-All([string]$Set, [string]$Version) {
    Clear-Trap
    Push-Location $script:session
    try {
        Install-Set (Join-Path $script:session 'code\requirements\base.lock') (Join-Path $script:session 'deps')
        Test-Import @('nacl.signing', 'nacl._sodium', 'click') (Join-Path $script:session 'deps') (Join-Path $script:session 'code')
        if ($Set -eq 'ci') {
            Install-Set (Join-Path $script:session 'code\requirements\ci.lock') (Join-Path $script:session 'ci')
            Test-Import @('cryptography', 'requests', 'jwt', 'github') (Join-Path $script:session 'ci') '-'
        }
        if ($Version) {
            Write-Host "::warning title=kanoniv-auth::version $Version serves the command line from a release without a locked hash"
            & $script:python -I -m pip install -q --no-input --disable-pip-version-check --no-deps --only-binary :all: --target (Join-Path $script:session 'release') "kanoniv-auth==$Version"
            if ($LASTEXITCODE -ne 0) { Stop-Install }
        }
    }
    finally { Pop-Location }
}

function New-Session {
    if (-not $env:RUNNER_TEMP -or -not (Test-Path $env:RUNNER_TEMP -PathType Container)) {
        Stop-Step 'KAN-RUNNER-001' 'RUNNER_TEMP is not set, so this does not run inside a workflow step' 'run it through `uses: kanoniv/auth-action@v1`'
    }
    $script:session = Join-Path (Resolve-Path $env:RUNNER_TEMP).Path ('kanoniv-' + [System.Guid]::NewGuid().ToString('N'))
    foreach ($part in '', 'code', 'bin') {
        New-Item -ItemType Directory -Path (Join-Path $script:session $part) | Out-Null
    }
    # the session holds the agent's key: this account alone
    & icacls.exe $script:session /inheritance:r /grant:r "${env:USERNAME}:(OI)(CI)F" | Out-Null
    foreach ($part in 'kanoniv_auth', 'kanoniv_ci', 'requirements', 'entrypoint.py', 'Dockerfile', 'image.lock') {
        Copy-Item (Join-Path $here $part) (Join-Path $script:session 'code') -Recurse
    }
    Copy-Item (Join-Path $here 'scripts\shim.py') (Join-Path $script:session 'cli.py')
}

function Write-Shim {
    # one for cmd and PowerShell, one for Git's sh; a .cmd changes % and ^ in arguments, which scopes do not hold
    $cli = Join-Path $script:session 'cli.py'
    $bin = Join-Path $script:session 'bin'
    $cmd = '@"{0}" -I -S -B "{1}" %*' -f $script:python, $cli
    [System.IO.File]::WriteAllText((Join-Path $bin 'kanoniv-auth.cmd'), $cmd + "`r`n", $utf8)
    $py = $script:python.Replace('\', '/')
    $entry = $cli.Replace('\', '/')
    $sh = 'exec "{0}" -I -S -B "{1}" "$@"' -f $py, $entry
    [System.IO.File]::WriteAllText((Join-Path $bin 'kanoniv-auth'), "#!/bin/sh`n" + $sh + "`n", $utf8)
}

function Invoke-Begin {
    New-Session
    $script:python = Select-Python
    $env:KANONIV_SESSION = $script:session
    & $script:python -I -S -B (Join-Path $script:session 'code\entrypoint.py') plan
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    $plan = [System.IO.File]::ReadAllLines((Join-Path $script:session 'plan'))
    Install-All $plan[1] $plan[2]
    Write-Shim
    Add-Line $env:GITHUB_OUTPUT "dir=$($script:session)"
    Add-Line $env:GITHUB_OUTPUT "python=$($script:python)"
    exit 0
}

function Invoke-Cli {
    Add-Line $env:GITHUB_PATH (Join-Path $env:KANONIV_SESSION 'bin')
    Write-Host 'kanoniv-auth: later steps have the command kanoniv-auth'
    exit 0
}

function Invoke-Report {
    if (-not $env:KANONIV_SESSION -or -not (Test-Path (Join-Path $env:KANONIV_SESSION 'deps'))) {
        Write-Host 'kanoniv-auth: nothing to report'
        exit 0
    }
    & $env:KANONIV_PYTHON -I -S -B (Join-Path $env:KANONIV_SESSION 'code\entrypoint.py') report
    if ($LASTEXITCODE -ne 0) {
        Write-Host '::notice title=kanoniv-auth::the report could not be shown; the token is not affected'
    }
    exit 0
}

function Invoke-Alone([string]$Word, [string]$Set) {
    New-Session
    $script:python = Select-Python
    $held = @{}
    foreach ($name in 'INPUT_TOKEN', 'KANONIV_TOKEN', 'INPUT_GITHUB_TOKEN') {
        $held[$name] = [System.Environment]::GetEnvironmentVariable($name)
        Remove-Item "Env:$name" -ErrorAction SilentlyContinue
    }
    Install-All $Set ''
    foreach ($name in $held.Keys) { [System.Environment]::SetEnvironmentVariable($name, $held[$name]) }
    & $script:python -I -S -B (Join-Path $script:session 'code\entrypoint.py') $Word
    $status = $LASTEXITCODE
    Remove-Item $script:session -Recurse -Force -ErrorAction SilentlyContinue
    exit $status
}

function Invoke-Check { Invoke-Alone 'check' 'base' }

function Invoke-Conclude {
    $set = 'base'
    if (@('true', 'True', 'TRUE') -ccontains $env:INPUT_POST_AUDIT) { $set = 'ci' }
    Invoke-Alone 'conclude' $set
}

switch ($Step) {
    'begin' { Invoke-Begin }
    'cli' { Invoke-Cli }
    'report' { Invoke-Report }
    'check' { Invoke-Check }
    'conclude' { Invoke-Conclude }
}
