"""The system calls that are refused to student code, as a filter for the kernel.

It is compiled in the grader's process, which has libseccomp, and loaded by a child before the
child runs anything. Every call that is not named here is allowed, because the calls of JAX, glibc
and Python change from version to version. The walls are the namespaces and Landlock; the filter
refuses the calls that attackers have used to break such walls.
"""

from __future__ import annotations

import errno
import tempfile

NEW_PROGRAMS = "execve execveat fork vfork"
OTHER_PROCESSES = """ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_open
    pidfd_getfd pidfd_send_signal move_pages migrate_pages"""
NAMESPACES = """unshare setns mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig
    fsmount fspick mount_setattr open_by_handle_at name_to_handle_at"""
NETWORK = "socket socketcall bind listen connect accept accept4"
SHARED_MEMORY = "memfd_create memfd_secret shmget shmat msgget semget mq_open"
KERNEL = """io_uring_setup io_uring_enter io_uring_register bpf perf_event_open userfaultfd keyctl
    add_key request_key init_module finit_module delete_module kexec_load kexec_file_load reboot
    swapon swapoff syslog acct quotactl quotactl_fd sethostname setdomainname settimeofday
    clock_settime clock_adjtime adjtimex personality vmsplice fanotify_init lookup_dcookie
    modify_ldt iopl ioperm vhangup nfsservctl uselib ustat sysfs"""
REFUSED = " ".join((NEW_PROGRAMS, OTHER_PROCESSES, NAMESPACES, NETWORK, SHARED_MEMORY, KERNEL))
SIGNALS = "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"

CLONE_THREAD = 0x0001_0000
CLONE_NEW = 0x0000_0080, 0x0002_0000, *(1 << bit for bit in range(25, 31))
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
"""Both insert characters into a terminal's input."""


def program(signals: bool) -> bytes:
    """The filter as a BPF program.

    Args:
        signals: whether to refuse sending signals too, for processes that share a namespace.

    Raises:
        ImportError, OSError, RuntimeError: libseccomp is missing or too old.
    """
    import pyseccomp

    refuse = pyseccomp.ERRNO(errno.EPERM)
    filters = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    # By default only the thread that uses another architecture's calls ends, and the others wait.
    filters.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    for name in f"{REFUSED} {SIGNALS if signals else ''}".split():
        # Architectures and versions have different calls.
        if _is_known(name):
            filters.add_rule(refuse, name)
    # glibc tries this first for a thread; its flags are in memory, which a filter cannot read.
    filters.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    threads = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0)
    filters.add_rule(refuse, "clone", threads)
    for flag in CLONE_NEW:
        filters.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    for request in (TIOCSTI, TIOCLINUX):
        chosen = pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFF_FFFF, request)
        filters.add_rule(refuse, "ioctl", chosen)
    with tempfile.TemporaryFile() as file:
        filters.export_bpf(file)
        file.seek(0)
        return file.read()


def _is_known(name: str) -> bool:
    import pyseccomp

    return bool(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) >= 0)
