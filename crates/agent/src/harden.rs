//! What the process gives up at its start, before it reads a secret.

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask};
use rustix::thread::set_no_new_privs;
use tidegate_link::Isolation;

/// Forbids dumps, ptrace by others of the same user, gain of privileges and core files; closes inherited descriptors,
/// and allows as many of its own as it may (two for each relayed connection).
pub(crate) fn harden() -> Result<Isolation, String> {
    let zero = Rlimit { current: Some(0), maximum: Some(0) };
    let most = getrlimit(Resource::Nofile).maximum;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .and_then(|()| set_no_new_privs(true))
        .and_then(|()| setrlimit(Resource::Core, zero))
        .and_then(|()| setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }))
        .map_err(|error| format!("cannot forbid memory dumps and gain of privileges: {error}; not starting without"))?;
    umask(Mode::RWXG | Mode::RWXO);
    Ok(Isolation {
        uid: rustix::process::geteuid().as_raw(),
        no_dump: true,
        no_new_privileges: true,
        no_core: true,
        descriptors_closed: close_inherited(),
    })
}

/// Closes every descriptor above 2. Must run before anything of ours is open; false when `/proc` is missing.
fn close_inherited() -> bool {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return false };
    let open: Vec<i32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    let close = |descriptor| matches!(nix::unistd::close(descriptor), Ok(()) | Err(nix::errno::Errno::EBADF));
    // one of the numbers was the folder itself and is closed already
    open.into_iter().filter(|descriptor| *descriptor > 2).all(close)
}
