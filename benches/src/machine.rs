use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;

/// What the figures were measured on.
#[derive(Debug, Clone)]
pub struct Machine {
    cores: usize,
    processor: String,
    system: &'static str,
    compiler: String,
    load: Option<String>,
}

impl Machine {
    /// This machine. The load is what it has been busy with before.
    #[must_use]
    pub fn this() -> Self {
        Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            processor: processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            system: std::env::consts::OS,
            compiler: compiler().unwrap_or_else(|| "an unknown rustc".to_owned()),
            load: fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|load| load.split(' ').next().map(str::to_owned)),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cores,
            processor,
            system,
            compiler,
            load,
        } = self;
        write!(f, "{cores} cores ({processor}), {system}, {compiler}")?;
        match load {
            Some(load) => write!(f, ", load before the run {load}"),
            None => Ok(()),
        }
    }
}

fn processor() -> Option<String> {
    let all = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = all.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version
        .split_whitespace()
        .take(2)
        .map(str::to_owned)
        .reduce(|name, version| format!("{name} {version}"))
}

/// The version of a package in the lock file, the highest where there are several.
#[must_use]
pub fn version_of(lock: &str, package: &str) -> String {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    let mut found = "?";
    // Versions of one package stand in ascending order.
    while lines.any(|line| line == name) {
        let version = lines.next().and_then(|line| line.split('"').nth(1));
        found = version.unwrap_or(found);
    }
    found.to_owned()
}
