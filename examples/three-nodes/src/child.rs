//! A process that ends with this one, whatever ends this one.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Says the child's id, and ends the child once nobody writes to it any more. Ctrl-C is meant for the parent, which sees to the rest.
const KEEPER: &str = r#"
"$@" </dev/null >/dev/null &
child=$!
trap '' HUP INT TERM
echo "$child"
exec >&-
read -r line
kill -TERM "$child" 2>/dev/null
wait "$child"
"#;

/// A node, or nginx.
pub(crate) struct Child {
    keeper: process::Child,
    id: String,
}

impl Child {
    /// Starts it, and waits until somebody listens on its port.
    pub(crate) fn start(command: &Command, port: u16) -> Result<Self, String> {
        if listens(port) {
            return Err(format!("port {port} is taken; try another first port"));
        }
        let name = command.get_program().to_string_lossy().into_owned();
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(name, value),
                None => keeper.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            keeper.current_dir(directory);
        }
        let started = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let mut keeper = started.map_err(|error| format!("{name}: {error}"))?;
        let mut id = String::new();
        if let Some(stdout) = keeper.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut id)
                .map_err(|error| error.to_string())?;
        }
        let child = Self {
            keeper,
            id: id.trim().to_owned(),
        };
        for _ in 0..1500 {
            if listens(port) {
                return Ok(child);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(format!("{name} does not listen on port {port}"))
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
