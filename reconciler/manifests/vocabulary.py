"""Names that engines and kernels know: signals, capabilities and devices.

Decides their one spelling, for a spelling must not change a hash.
"""

from typing import Final

from reconciler.manifests.reporting import did_you_mean

_SIGNALS: Final = (
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
)  # fmt: skip
_REALTIME: Final = (
    "RTMIN", *(f"RTMIN+{n}" for n in range(1, 16)), *(f"RTMAX-{n}" for n in range(14, 0, -1)),
    "RTMAX",
)  # fmt: skip
_FIRST_REALTIME: Final = 34
_CAPABILITIES: Final = frozenset({
    "ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF",
    "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID",
    "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE",
    "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE",
    "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME",
    "SYS_TTY_CONFIG", "WAKE_ALARM",
})  # fmt: skip
_BY_NUMBER: Final = {
    **{str(number): name for number, name in enumerate(_SIGNALS, start=1)},
    **{str(number): name for number, name in enumerate(_REALTIME, start=_FIRST_REALTIME)},
}


class HintedError(ValueError):
    """A text that cannot be read; `hint` tells what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class UnknownNameError(HintedError):
    """A name that nobody knows; `hint` tells the nearest one."""


def signal(text: str) -> str:
    """Return a signal's full name: TERM, SIGTERM and 15 are SIGTERM.

    Raises:
        UnknownNameError: when it is none.
    """
    name = text.upper().removeprefix("SIG")
    name = _BY_NUMBER.get(name, name)
    if name not in _SIGNALS and name not in _REALTIME:
        known = [f"SIG{signal}" for signal in _SIGNALS]
        hint = did_you_mean(f"SIG{name}", known, "Known are SIGTERM, SIGINT and their like.")
        raise UnknownNameError(f"{text!r} is no signal", hint)
    return f"SIG{name}"


def capability(text: str) -> str:
    """Return a capability's name without prefix: CAP_NET_RAW and net_raw are NET_RAW.

    Raises:
        UnknownNameError: when it is none.
    """
    name = text.upper().removeprefix("CAP_")
    if name not in _CAPABILITIES:
        hint = did_you_mean(name, _CAPABILITIES, "Known are NET_ADMIN, SYS_PTRACE and their like.")
        raise UnknownNameError(f"{text!r} is no capability", hint)
    return name


def device(text: str) -> str:
    """Return a device as written: PATH, PATH:PATH_INSIDE or PATH:PATH_INSIDE:ACCESS.

    Raises:
        HintedError: when its path leaves /dev.
    """
    outside = text.partition(":")[0]
    if not outside.startswith("/dev/") or ".." in outside.split("/"):
        hint = "Name it as it stands below /dev, such as /dev/fuse."
        raise HintedError(f"{text!r} is no device of the node", hint)
    return text
