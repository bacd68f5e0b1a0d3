//! What the process gives up at its start, before it reads a secret.

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};
use rustix::thread::set_no_new_privs;
use tidegate_link::Isolation;

/// Forbids dumps, ptrace by others of the same user, gain of privileges and core files; closes inherited descriptors.
///
/// # Errors
/// The system's reason and which step failed; the agent must then not go on to read secrets.
pub(crate) fn harden() -> Result<Isolation, String> {
    let failed =
        |step: &str, error: rustix::io::Errno| format!("cannot {step}: {error}; the agent does not start without");
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|e| failed("forbid memory dumps", e))?;
    set_no_new_privs(true).map_err(|e| failed("forbid gain of privileges", e))?;
    let zero = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, zero).map_err(|e| failed("forbid core files", e))?;
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
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // one of the numbers was the folder itself and is closed already
        if let Err(error) = nix::unistd::close(descriptor)
            && error != nix::errno::Errno::EBADF
        {
            return false;
        }
    }
    true
}
