//! What a worker gives up before it reads its first byte: memory and time beyond its limits, files, the network,
//! other processes, new programs.
//!
//! The limits always hold. Landlock and seccomp are taken where the kernel has them; which ones it had is told.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::protocol::{Sandbox, WorkerLimits};

/// Confines this process for good. To be called with one thread: threads that run already would keep their rights.
///
/// # Errors
/// A limit could not be set.
pub fn confine(limits: WorkerLimits) -> io::Result<Sandbox> {
    // Data, not address space: the allocator reserves much more than it uses.
    limit(Resource::Data, limits.memory, limits.memory)?;
    // The first limit ends the process with a signal of its own; the second one can't be caught.
    let seconds = limits.cpu_time.as_secs().max(1);
    limit(Resource::Cpu, seconds, seconds + 5)?;
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Nofile, 16, 16)?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        Ok(Sandbox { landlock: linux::landlock(), seccomp: linux::seccomp() })
    }
    #[cfg(not(target_os = "linux"))]
    Ok(Sandbox::default())
}

/// Lowers a limit; one that is lower already stays.
fn limit(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    Ok(setrlimit(resource, Rlimit { current: Some(current.min(hard)), maximum: Some(maximum.min(hard)) })?)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope};
    use seccompiler::{
        BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule,
    };

    /// No file, no TCP, no signal and no abstract socket beyond this process, as far as the kernel knows of them.
    pub(super) fn landlock() -> bool {
        let restrict = || -> Result<RulesetStatus, RulesetError> {
            let abi = ABI::V6;
            let ruleset = Ruleset::default()
                .handle_access(AccessFs::from_all(abi))?
                .handle_access(AccessNet::from_all(abi))?
                .scope(Scope::from_all(abi))?;
            Ok(ruleset.create()?.restrict_self()?.ruleset)
        };
        restrict().is_ok_and(|status| status != RulesetStatus::NotEnforced)
    }

    /// Only the system calls below: all others fail with EPERM.
    pub(super) fn seccomp() -> bool {
        let Ok(program) = program() else { return false };
        seccompiler::apply_filter(&program).is_ok()
    }

    /// What computing, memory, the open streams and an orderly end need. There is no way to open anything, to make a
    /// socket, to start a thread, a process or a program, or to look into another one.
    const ALLOWED: [i64; 22] = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    fn program() -> Result<BpfProgram, BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.into_iter().map(|call| (call, Vec::new())).collect();
        // Memory that can be executed would be a way to bring code.
        let execute = u64::from(libc::PROT_EXEC.unsigned_abs());
        let not_executable = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(execute), 0)?;
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            rules.insert(call, vec![SeccompRule::new(vec![not_executable.clone()])?]);
        }
        // `abort` signals its own thread.
        let own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, u64::from(std::process::id()))?;
        rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
        let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        SeccompFilter::new(rules, refuse, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?.try_into()
    }
}
