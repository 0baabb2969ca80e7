//! What a journey needs besides the server: Chromium, node, and what drives the one from the other.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, fs, io};

use serde_json::Value;

const FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Commands, and the packages of Debian that bring them.
const COMMANDS: [(&str, &str); 5] = [
    ("chromium", "chromium"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("oathtool", "oathtool"),
    ("zbarimg", "zbar-tools"),
];

/// A browser to be driven, by one test at a time.
pub(crate) struct Browser {
    chromium: PathBuf,
    packages: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    /// Nothing, and a line that says why, where something is missing.
    ///
    /// # Panics
    ///
    /// If something is missing where the variable `CI` is set.
    pub(crate) fn find() -> Option<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let found = chromium().and_then(|chromium| Ok((chromium, packages()?)));
        match found {
            Ok((chromium, packages)) => Some(Self {
                chromium,
                packages,
                _turn: turn,
            }),
            Err(missing) => {
                assert!(env::var_os("CI").is_none(), "{missing}");
                eprintln!("no browser was driven: {missing}");
                None
            }
        }
    }

    /// Walks a journey to its end.
    ///
    /// # Panics
    ///
    /// If something on the way is not as the script expects it.
    pub(crate) fn walk(&self, script: &str, journey: &Value) {
        let mut journey = journey.clone();
        journey["chromium"] = self.chromium.to_str().into();
        let mut node = Command::new("node");
        node.arg(scripts().join(script)).stdin(Stdio::null());
        node.env("JOURNEY", journey.to_string());
        node.env("BROWSER_PACKAGES", &self.packages);
        let output = node.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}:\n{said}{complaints}");
        assert!(said.contains("ok: "), "{script}: {said}");
    }
}

/// Where the scripts stand.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser")
}

fn chromium() -> Result<PathBuf, String> {
    for (command, package) in COMMANDS {
        on_path(command).ok_or(format!("install {command} (Debian package {package})"))?;
    }
    Ok(on_path("chromium").unwrap_or_default())
}

fn on_path(command: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut candidates = env::split_paths(&path).map(|directory| directory.join(command));
    candidates.find(|candidate| candidate.is_file())
}

/// The directory from which node finds what drives the browser, named by what is in it. It is made under another name and renamed
/// when it is complete, so that two test runs do not come into each other's way, and one that was cut off leaves nothing half done.
fn packages() -> Result<PathBuf, String> {
    let plain = |error: io::Error| error.to_string();
    let package = fs::read_to_string(scripts().join("package.json")).map_err(plain)?;
    let package: Value = serde_json::from_str(&package).map_err(|error| error.to_string())?;
    let version = package["dependencies"]["playwright-core"].as_str();
    let name = format!("playwright-core@{}", version.unwrap_or_default());
    let interop = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop");
    let complete = interop.join(&name);
    if complete.exists() {
        return Ok(complete);
    }
    let making = interop.join(format!("making-{}-{name}", std::process::id()));
    let installed = install(&making).and_then(|()| fs::rename(&making, &complete).map_err(plain));
    let _ = fs::remove_dir_all(&making);
    match installed {
        Err(error) if !complete.exists() => Err(error),
        _ => Ok(complete),
    }
}

fn install(into: &Path) -> Result<(), String> {
    let plain = |error: io::Error| error.to_string();
    fs::create_dir_all(into).map_err(plain)?;
    for file in FILES {
        fs::copy(scripts().join(file), into.join(file)).map_err(plain)?;
    }
    let mut npm = Command::new("npm");
    npm.current_dir(into).stdin(Stdio::null());
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm.args(["--fetch-retries=4", "--fetch-retry-mintimeout=1000"]);
    npm.args(["--fetch-retry-maxtimeout=10000", "--fetch-timeout=60000"]);
    let output = npm.output().map_err(plain)?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "npm ci: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}
