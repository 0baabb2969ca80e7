//! The server's own signing secret: made at the first start, kept in a file that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::settings::Stop;

/// Reads the secret, or makes it: 32 bytes of the operating system's randomness, in hex.
pub(crate) fn load_or_create(path: &Path) -> Result<String, Stop> {
    let wrong = |error: std::io::Error| Stop::Wrong(format!("{}: {error}", path.display()));
    match fs::read_to_string(path) {
        Ok(secret) => Ok(secret.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => create(path).map_err(wrong),
        Err(error) => Err(wrong(error)),
    }
}

fn create(path: &Path) -> std::io::Result<String> {
    let secret = random_hex()?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(secret.as_bytes())?;
    Ok(secret)
}

/// 32 bytes of the operating system's randomness, in hex.
pub(crate) fn random_hex() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
