<#
.SYNOPSIS
    为当前 Windows 用户安装政务公开年报的“验证”按钮（离线）。
.DESCRIPTION
    powershell -ExecutionPolicy Bypass -File install.ps1
    先核对校验码，再建立自己的 Python 环境，装入加载项，最后检查本机的设置。
    退出码：0 可以使用；1 已装好，但有妨碍使用的设置；2 没有装成。
.PARAMETER Python
    用这个 python.exe（3.11 以上，64 位，python.org 的安装包）。不给则自己查找。
.PARAMETER Directory
    装到哪里。不给则是 %LOCALAPPDATA%\gongkai。
.PARAMETER Uninstall
    卸载。
#>
[CmdletBinding()]
param(
    [string]$Python = '',
    [string]$Directory = '',
    [switch]$Uninstall
)

$ErrorActionPreference = 'Stop'
$Mark = 'gongkai-installed.txt'
# Where this exists and is on, a native program's exit code would end the script before it could say why.
$PSNativeCommandUseErrorActionPreference = $false

function Stop-Install([string]$Sentence) {
    Write-Host "错误：${Sentence}" -ForegroundColor Red
    exit 2
}

trap {
    Write-Host "错误：没有完成。$($_.Exception.Message)" -ForegroundColor Red
    exit 2
}

function Get-Supported([string]$Wheels) {
    # The bundle says itself which versions of Python it is for: by the tags of its compiled packages.
    $names = Get-ChildItem -LiteralPath $Wheels -Filter 'pywin32-*-win_amd64.whl' | ForEach-Object { $_.Name }
    $numbers = $names | ForEach-Object { if ($_ -match '-cp3(\d+)-') { [int]$Matches[1] } }
    @($numbers | Sort-Object -Descending -Unique)
}

function Get-Version([string]$Program) {
    # "11-64" for a 64-bit Python 3.11; nothing for whatever does not run, or is no Python.
    try {
        $answer = & $Program -I -c "import struct, sys; print('%d-%d' % (sys.version_info[1], struct.calcsize('P') * 8))"
        if ($LASTEXITCODE -eq 0) { return "$answer".Trim() }
    }
    catch { Write-Verbose $_.Exception.Message }
    return ''
}

function Test-Store([string]$Program) {
    # What the Microsoft Store's Python writes below AppData, Excel does not get to see.
    return $Program -like '*\WindowsApps\*'
}

function Get-Launched([int[]]$Supported) {
    # Windows PowerShell takes a redirected complaint of a native program for an error of the script.
    $ErrorActionPreference = 'Continue'
    $launcher = Get-Command -Name 'py.exe' -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if (-not $launcher) { return }
    foreach ($minor in $Supported) {
        $found = & $launcher.Source "-3.$minor" -I -c "import sys; print(sys.executable)" 2>$null
        if ($LASTEXITCODE -eq 0 -and $found) { "$found".Trim() }
    }
}

function Find-Python([int[]]$Supported) {
    $candidates = @()
    foreach ($minor in $Supported) {
        foreach ($root in 'HKCU:\Software\Python\PythonCore', 'HKLM:\Software\Python\PythonCore') {
            $key = "$root\3.$minor\InstallPath"
            if (Test-Path -LiteralPath $key) {
                $place = Get-ItemProperty -LiteralPath $key
                if ($place.PSObject.Properties['ExecutablePath']) { $candidates += $place.ExecutablePath }
                elseif ($place.'(default)') { $candidates += Join-Path $place.'(default)' 'python.exe' }
            }
        }
    }
    $candidates += @(Get-Launched $Supported)
    $candidates += @(Get-Command -Name 'python.exe' -CommandType Application -All -ErrorAction SilentlyContinue | ForEach-Object { $_.Source })
    foreach ($candidate in $candidates) {
        if ((Test-Path -LiteralPath $candidate -PathType Leaf) -and -not (Test-Store $candidate)) {
            $minor, $bits = (Get-Version $candidate) -split '-'
            if ($bits -eq '64' -and $Supported -contains [int]$minor) { return $candidate }
        }
    }
    return ''
}

function Assert-Complete([string]$Folder) {
    $sums = Join-Path $Folder 'SHA256SUMS.txt'
    if (-not (Test-Path -LiteralPath $sums)) { Stop-Install '安装包里没有 SHA256SUMS.txt。请重新取得完整的安装包。' }
    $listed = @{}
    foreach ($line in Get-Content -LiteralPath $sums -Encoding UTF8) {
        $sum, $name = $line -split '  ', 2
        $path = Join-Path $Folder ($name -replace '/', '\')
        if (-not (Test-Path -LiteralPath $path -PathType Leaf)) { Stop-Install "安装包不完整，缺少 ${name}。请重新取得完整的安装包。" }
        if ((Get-FileHash -LiteralPath $path -Algorithm SHA256).Hash -ne $sum) { Stop-Install "$name 与校验码不符，可能没有传完或被改动。请重新取得完整的安装包。" }
        $listed[(Split-Path -Leaf $path)] = $true
    }
    foreach ($file in Get-ChildItem -LiteralPath (Join-Path $Folder 'wheels')) {
        if (-not $listed.ContainsKey($file.Name)) { Stop-Install "wheels\$($file.Name) 不在校验码清单里。请重新取得完整的安装包。" }
    }
}

function Assert-Ours([string]$Folder) {
    # Only what this script has made may be made anew, or removed.
    if (-not (Test-Path -LiteralPath $Folder)) { return }
    $marked = Test-Path -LiteralPath (Join-Path $Folder $Mark)
    if (-not $marked -and (Get-ChildItem -LiteralPath $Folder -Force | Select-Object -First 1)) {
        Stop-Install "$Folder 已经存在，而且不是本程序建立的。请改名或移走它，或用 -Directory 指定别的文件夹。"
    }
}

function Set-Mark([string]$Folder) {
    New-Item -ItemType Directory -Force -Path $Folder | Out-Null
    Set-Content -LiteralPath (Join-Path $Folder $Mark) -Encoding ASCII -Value 'install.ps1'
}

function Install-Kit([string]$Folder, [string]$Target) {
    Write-Host '核对安装包…'
    Assert-Complete $Folder
    $wheels = Join-Path $Folder 'wheels'
    $supported = Get-Supported $wheels
    $versions = ($supported | Sort-Object | ForEach-Object { "3.$_" }) -join '、'
    $program = $Python
    if ($program) {
        if (Test-Store $program) { Stop-Install "$program 是 Microsoft Store 版的 Python，Excel 看不到它写的文件。请用 python.org 的 64 位安装包。" }
        $minor, $bits = (Get-Version $program) -split '-'
        if (-not $minor) { Stop-Install "$program 不能运行，或不是 Python。请检查 -Python 的路径。" }
        if ($bits -ne '64' -or $supported -notcontains [int]$minor) {
            Stop-Install "$program 是 Python 3.${minor}（$bits 位），本安装包需要 64 位的 ${versions}。"
        }
    }
    else {
        $program = Find-Python $supported
        if (-not $program) {
            Stop-Install "没有找到 64 位的 Python ${versions}。请先安装（python.org 的 64 位安装包），或用 -Python 指定 python.exe。"
        }
    }
    Write-Host "使用 $program"
    Assert-Ours $Target
    Set-Mark $Target
    Write-Host "安装到 ${Target}"
    & $program -I -m venv --clear $Target
    $failed = $LASTEXITCODE
    Set-Mark $Target # cleared away with the rest; also a half-made folder is ours
    if ($failed -ne 0) { Stop-Install "没有建成 ${Target}。请关闭正在运行的 gongkai，检查磁盘空间和权限后再试；原因见上面几行。" }
    $own = Join-Path $Target 'Scripts\python.exe'
    $lock = Join-Path $Folder 'requirements-windows.lock'
    & $own -I -m pip --isolated --disable-pip-version-check --quiet install --no-input --no-index --find-links $wheels --only-binary ':all:' --require-hashes --requirement $lock
    if ($LASTEXITCODE -ne 0) { Stop-Install '组件没有装上，原因见上面几行。请把它们告诉制作安装包的人。' }
    & $own -I -m gongkai addin install
    if ($LASTEXITCODE -ne 0) { Stop-Install '加载项没有装进 Excel，原因见上面一行。改正后请再运行一次。' }
    & $own -I -m gongkai addin doctor
    $healthy = $LASTEXITCODE -eq 0
    Write-Host "命令行程序：$(Join-Path $Target 'Scripts\gongkai.exe')"
    if (-not $healthy) {
        Write-Host '已经装好，但上面标为 [不行] 的各项会妨碍使用。请逐项处理，再运行 gongkai addin doctor。' -ForegroundColor Yellow
        exit 1
    }
    Write-Host '已经装好。请打开 Excel 使用。' -ForegroundColor Green
    exit 0
}

function Uninstall-Kit([string]$Target) {
    if (-not (Test-Path -LiteralPath $Target)) {
        Write-Host "没有安装过（$Target 不存在）。"
        exit 0
    }
    Assert-Ours $Target
    $own = Join-Path $Target 'Scripts\python.exe'
    if (Test-Path -LiteralPath $own -PathType Leaf) {
        & $own -I -m gongkai addin uninstall
        if ($LASTEXITCODE -ne 0) { Stop-Install '加载项没有从 Excel 中去掉，原因见上面一行。改正后请再运行一次。' }
    }
    Remove-Item -LiteralPath $Target -Recurse -Force
    Write-Host '已经卸载。'
    exit 0
}

if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    Stop-Install '本机的安全策略限制了 PowerShell（受约束语言模式）。请信息技术人员给本脚本签名后再运行。'
}
if (-not [Environment]::Is64BitOperatingSystem) { Stop-Install '本安装包只用于 64 位 Windows。' }
if (-not [Environment]::Is64BitProcess) { Stop-Install '这是 32 位的 PowerShell。请从开始菜单打开不带 x86 字样的 Windows PowerShell 再运行。' }
if (Get-Process -Name 'EXCEL' -ErrorAction SilentlyContinue) { Stop-Install 'Excel 正在运行。请保存并关闭全部 Excel 窗口，再运行一次。' }
if (-not $Directory) { $Directory = Join-Path $env:LOCALAPPDATA 'gongkai' }
Write-Host "Windows 用户：${env:USERNAME}（按钮只装给这个用户）"
if ($Uninstall) { Uninstall-Kit $Directory } else { Install-Kit $PSScriptRoot $Directory }
