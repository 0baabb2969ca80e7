//! The server's own secret: made at the first start, kept in a file that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use portcullis::jwt::{HmacKey, KeyError};

use crate::settings::Stop;

/// Reads the secret, or makes it: 32 bytes of the operating system's randomness, in hex.
pub(crate) fn load_or_create(path: &Path) -> Result<String, Stop> {
    let name = path.display();
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        read => read,
    };
    let text = text.map_err(|error| Stop::Wrong(format!("{name}: {error}")))?;
    warn_if_others_can_read(path);
    checked(text.trim()).map_err(|error| {
        Stop::Wrong(format!(
            "{name}: {error}; or delete the file, and a new one is made"
        ))
    })
}

/// The same secret, if it is one that nobody guesses.
pub(crate) fn checked(secret: &str) -> Result<String, KeyError> {
    HmacKey::new(secret).map(|_| secret.to_owned())
}

/// Makes it, unless another server that starts here makes it first: then its secret is ours. It is written elsewhere, and has its
/// name only when it is whole and on the disk, for what it seals in the database is there to stay.
fn create(path: &Path) -> std::io::Result<String> {
    let draft = path.with_added_extension(&random_hex()?[..16]);
    let linked = write_new(&draft, &random_hex()?).and_then(|()| fs::hard_link(&draft, path));
    // One that was not made need not be removed, and one that cannot be removed harms nobody.
    let _ = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => keep_names_beside(path)?,
    }
    fs::read_to_string(path)
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A new name is on the disk only when its directory is.
#[cfg(unix)]
fn keep_names_beside(path: &Path) -> std::io::Result<()> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn keep_names_beside(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map(|file| file.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        let name = path.display();
        tracing::warn!("{name} is open to others on this machine: chmod 600 {name}");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_path: &Path) {}

/// 32 bytes of the operating system's randomness, in hex.
pub(crate) fn random_hex() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
