//! Programs from PyPI, installed once below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PACKAGES: [&str; 2] = ["schemathesis==4.32.5", "openapi-spec-validator==0.9.0"];

/// The interpreter that has them; `None`, and a line that says why, where they cannot be had. With `CI` set that is a failure.
pub(crate) fn python() -> Option<PathBuf> {
    match installed() {
        Ok(python) => Some(python),
        Err(reason) if std::env::var_os("CI").is_some() => panic!("{reason}"),
        Err(reason) => {
            eprintln!("skipped, for want of {}: {reason}", PACKAGES.join(" and "));
            None
        }
    }
}

/// It is made under another name and renamed when it is complete, so that two test runs do not come into each other's way.
fn installed() -> Result<PathBuf, String> {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE_AT_A_TIME.lock();
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop");
    let complete = tools.join(PACKAGES.join("-"));
    if !complete.exists() {
        let making = tools.join(format!("making-{}-{}", std::process::id(), PACKAGES[0]));
        fs::create_dir_all(&tools).map_err(|error| error.to_string())?;
        let made = install(&making);
        if made.is_ok() && fs::rename(&making, &complete).is_err() && !complete.exists() {
            return Err("the installed packages cannot be put in their place".to_owned());
        }
        let _ = fs::remove_dir_all(&making);
        made?;
    }
    Ok(complete.join("bin/python"))
}

fn install(into: &Path) -> Result<(), String> {
    run(Command::new("python3").args(["-m", "venv"]).arg(into))
        .map_err(|error| format!("install python3 and python3-venv ({error})"))?;
    let mut pip = Command::new(into.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--retries",
        "6",
        "--timeout",
        "60",
    ]);
    pip.arg("--disable-pip-version-check").args(PACKAGES);
    run(&mut pip).map(drop)
}

/// What a program prints when it succeeds; all that it says otherwise.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().map_err(|error| error.to_string())?;
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    match status.success() {
        true => Ok(stdout.into_owned()),
        false => Err(format!("{stdout}{stderr}")),
    }
}
