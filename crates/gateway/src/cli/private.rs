//! Files that only their owner may read: written whole or not at all, and not believed when others can get at them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::control::hex;
use crate::secrets::random;

/// Puts `content` in the place of `path`, at once: whoever reads meets the old content or the new.
///
/// # Errors
/// The folder cannot be written to.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let named = || format!("cannot write {}", path.display());
    let aside = aside(path).with_context(named)?;
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside);
    let written = made.and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)
    });
    if written.is_err() {
        let _never_made = std::fs::remove_file(&aside);
    }
    written.with_context(named)?;
    // The new name is durable with its folder; a system that cannot do this has the file all the same.
    let _where_possible = folder_of(path).and_then(|folder| File::open(folder).ok()).map(|folder| folder.sync_all());
    Ok(())
}

/// A name beside `path` that nobody else has.
fn aside(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().context("it names no file")?;
    Ok(path.with_file_name(format!(".{}.{}", name.to_string_lossy(), hex(&random::<8>()?))))
}

fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// The content of a file that nobody but its owner may read or change; `None` when there is no file.
///
/// # Errors
/// Others may read it, it belongs to somebody else, it is no file, or larger than `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let named = || format!("cannot read {}", path.display());
    // Not through a link, and without waiting for whoever writes to a pipe.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits()).unwrap_or(0);
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(named),
    };
    let metadata = file.metadata().with_context(named)?;
    if !metadata.is_file() {
        bail!("{} is no file; remove it", path.display());
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        bail!("{} belongs to another user and is not believed; remove it", path.display());
    }
    if metadata.mode() & 0o077 != 0 {
        bail!(
            "others may read {0} and the key in it; log out and in again, or mend it with: chmod 600 {0}",
            path.display()
        );
    }
    if metadata.len() > most {
        bail!("{} is larger than {most} bytes; remove it", path.display());
    }
    // The room is taken at once: growing would leave copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(most).unwrap_or(0)));
    file.take(most).read_to_end(&mut content).with_context(named)?;
    Ok(Some(content))
}

/// Makes a folder that only its owner may enter, where it is not there.
///
/// # Errors
/// It cannot be made, or others may write to it.
pub(crate) fn folder(path: &Path) -> Result<()> {
    let named = || format!("cannot make the folder {}", path.display());
    DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(named)?;
    let metadata = std::fs::metadata(path).with_context(named)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        bail!("others may write to {0}; make it yours with: chmod 700 {0}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_written_is_its_owners_alone_and_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "old and open").unwrap();
        let before = File::open(&path).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(&**read(&path, 10).unwrap().unwrap(), b"new");
        // Whoever had it open still has the old content whole, and nothing is left beside it.
        assert_eq!(std::io::read_to_string(before).unwrap(), "old and open");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("missing/token"), b"x").is_err());
        assert!(write(folder.path(), b"x").is_err(), "a folder is in the way");
    }

    #[test]
    fn what_others_can_get_at_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login");
        assert!(read(&path, 10).unwrap().is_none());
        write(&path, b"0123456789").unwrap();
        assert!(read(&path, 9).unwrap_err().to_string().contains("larger than 9 bytes"));
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read(&path, 10).unwrap_err().to_string();
            assert!(error.contains("others may read") && error.contains("chmod 600"), "{error}");
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read(&link, 10).is_err() && read(folder.path(), 10).is_err());
        let open = folder.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        assert!(super::folder(&open).unwrap_err().to_string().contains("chmod 700"));
        super::folder(&folder.path().join("a/b")).unwrap();
        assert_eq!(std::fs::metadata(folder.path().join("a/b")).unwrap().mode() & 0o777, 0o700);
    }
}
