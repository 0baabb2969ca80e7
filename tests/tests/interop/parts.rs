//! What the peers need: installed once, below the target directory, and used again for as long as the versions stay.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const PYTHON_PACKAGES: [&str; 2] = ["PyJWT==2.15.1", "cryptography==50.0.2"];
const NODE_PACKAGE: &str = "jose@6.2.17";

type Part = Result<PathBuf, String>;

/// The interpreter that has PyJWT.
pub(crate) fn python() -> Part {
    static PART: OnceLock<Part> = OnceLock::new();
    let install = || prepared(&PYTHON_PACKAGES.join("-"), install_python);
    let part = PART.get_or_init(install).clone();
    part.map(|directory| directory.join("bin/python"))
}

/// The directory from which node finds jose.
pub(crate) fn node() -> Part {
    static PART: OnceLock<Part> = OnceLock::new();
    PART.get_or_init(|| prepared(NODE_PACKAGE, install_node))
        .clone()
}

/// `jose` itself.
pub(crate) fn jose() -> Part {
    let found = run(Command::new("jose").arg("alg"), "");
    found
        .map(|_| PathBuf::from("jose"))
        .map_err(|_| "install jose (Debian package jose)".to_owned())
}

fn install_python(into: &Path) -> Result<(), String> {
    let hint = |error| format!("install python3 and python3-venv ({error})");
    run(Command::new("python3").args(["-m", "venv"]).arg(into), "").map_err(hint)?;
    let mut pip = Command::new(into.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--retries", "6"])
        .args(["--timeout", "60", "--disable-pip-version-check"])
        .args(PYTHON_PACKAGES);
    run(&mut pip, "").map(drop)
}

fn install_node(into: &Path) -> Result<(), String> {
    let hint = |error| format!("install node and npm ({error})");
    run(Command::new("node").arg("--version"), "").map_err(hint)?;
    fs::create_dir_all(into).map_err(|error| error.to_string())?;
    // Or npm would look for a package further up.
    fs::write(into.join("package.json"), r#"{"private":true}"#)
        .map_err(|error| error.to_string())?;
    let mut npm = Command::new("npm");
    npm.current_dir(into)
        .args(["install", "--no-package-lock", "--no-audit", "--no-fund"])
        .args(["--ignore-scripts", "--fetch-retries=4"])
        .args(["--fetch-retry-mintimeout=1000"])
        .args(["--fetch-retry-maxtimeout=10000"])
        .args(["--fetch-timeout=60000", NODE_PACKAGE]);
    run(&mut npm, "").map(drop).map_err(hint)
}

/// A directory named by what is in it. It is made under another name and renamed when it is complete, so that two test runs do
/// not come into each other's way, and one that was cut off leaves nothing half done.
fn prepared(name: &str, install: impl FnOnce(&Path) -> Result<(), String>) -> Part {
    let interop = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop");
    let complete = interop.join(name);
    if complete.exists() {
        return Ok(complete);
    }
    let making = interop.join(format!("making-{}-{name}", std::process::id()));
    fs::create_dir_all(&interop).map_err(|error| error.to_string())?;
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

/// What a command prints when it succeeds; what it complains of otherwise.
pub(crate) fn run(command: &mut Command, input: &str) -> Result<String, String> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = command.stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("{}: {error}", program(command)))?;
    // One that ends without reading says why by its status.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => String::from_utf8(output.stdout).map_err(|error| error.to_string()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
