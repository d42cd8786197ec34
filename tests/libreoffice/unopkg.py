"""Installs an extension into a profile with LibreOffice's own tool. Nothing here needs more than Python 3.8."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

SECONDS = 120
NOBODY = "nobody"


def install(executable, profile, extension):
    """Install an extension into a profile, whose folder belongs to nobody else; it need not exist yet."""
    home = profile.parent
    copy = Path(shutil.copy(extension, home))
    command = [str(Path(executable).with_name("unopkg")), "add", "--force", "--suppress-license"]
    command += [f"-env:UserInstallation={profile.as_uri()}", str(copy)]
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home)}
    if os.geteuid() == 0:  # unopkg refuses to run as root
        user = pwd.getpwnam(NOBODY)
        command[:0] = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        give(home, user.pw_uid, user.pw_gid)
    try:
        # unopkg goes into the folder it is started from, which nobody else may be allowed to
        subprocess.run(command, cwd=home, env=environment, check=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    finally:
        if os.geteuid() == 0:
            give(home, 0, 0)


def give(folder, user, group):
    """Change whom a folder belongs to, with all that is in it."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, user, group, follow_symlinks=False)
