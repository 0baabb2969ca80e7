//! The command line.

use std::ffi::OsString;

use super::Stop;

#[derive(Default)]
pub(super) struct Arguments {
    pub(super) port: Option<String>,
    pub(super) first_admin: bool,
}

impl Arguments {
    pub(super) fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, Stop> {
        let mut read = Self::default();
        while let Some(argument) = arguments.next() {
            match &*argument.to_string_lossy() {
                "--help" | "-h" => return Err(Stop::Help),
                "--first-admin" => read.first_admin = true,
                "--port" => read.port = Some(value("--port", arguments.next())?),
                unknown => {
                    return Err(Stop::Wrong(format!(
                        "unknown argument {unknown:?}; try --help"
                    )));
                }
            }
        }
        Ok(read)
    }
}

fn value(name: &str, value: Option<OsString>) -> Result<String, Stop> {
    let value = value.and_then(|value| value.into_string().ok());
    let value = value.filter(|value| !value.is_empty());
    value.ok_or_else(|| Stop::Wrong(format!("{name} needs a value")))
}
