//! What the scripts need: installed once, below the target directory, and used again for as long as the lock stays.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::{env, fs, io};

use sha2::{Digest as _, Sha256};

const FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Where the scripts stand.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/providers")
}

/// The text of a script.
pub(super) fn script(name: &str) -> Result<String, String> {
    let path = sources().join(name);
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The directory from which node finds the packages. One test installs them while the others of its binary wait.
pub(super) fn directory() -> Result<PathBuf, String> {
    static PREPARED: Mutex<Option<Result<PathBuf, String>>> = Mutex::new(None);
    let mut prepared = PREPARED.lock().unwrap_or_else(PoisonError::into_inner);
    prepared.get_or_insert_with(prepare).clone()
}

/// A directory named by what is in it. It is made under another name and renamed when it is complete, so that two test runs do
/// not come into each other's way, and one that was cut off leaves nothing half done.
fn prepare() -> Result<PathBuf, String> {
    let lock = script("package-lock.json")?;
    let target = target()
        .ok_or("there is no target directory")?
        .join("interop");
    let complete = target.join(format!("providers-{}", name_of(&lock)));
    if complete.exists() {
        return Ok(complete);
    }
    let making = target.join(format!("making-providers-{}", std::process::id()));
    let installed = install(&making).and_then(|()| {
        let renamed = fs::rename(&making, &complete);
        renamed.or_else(|error| match complete.exists() {
            true => Ok(()),
            false => Err(error.to_string()),
        })
    });
    let _ = fs::remove_dir_all(&making);
    installed.map(|()| complete)
}

fn install(into: &Path) -> Result<(), String> {
    let plain = |error: io::Error| error.to_string();
    fs::create_dir_all(into).map_err(plain)?;
    for file in FILES {
        fs::copy(sources().join(file), into.join(file)).map_err(plain)?;
    }
    let mut npm = Command::new("npm");
    npm.current_dir(into).stdin(Stdio::null());
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm.args(["--fetch-retries=4", "--fetch-retry-mintimeout=1000"]);
    npm.args(["--fetch-retry-maxtimeout=10000", "--fetch-timeout=60000"]);
    let output = npm
        .output()
        .map_err(|error| format!("install node and npm ({error})"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "npm ci: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

fn name_of(lock: &str) -> String {
    let digest = Sha256::digest(lock);
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The directory that cargo builds into: it marks it, and the test binary is in it.
fn target() -> Option<PathBuf> {
    let binary = env::current_exe().ok()?;
    let mut above = binary.ancestors();
    let target = above.find(|directory| directory.join("CACHEDIR.TAG").exists());
    target.map(Path::to_path_buf)
}
