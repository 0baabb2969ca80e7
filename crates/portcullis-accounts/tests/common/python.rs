//! A mail server from PyPI, installed once below the target directory.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

const PACKAGE: &str = "aiosmtpd==1.4.6";

/// Prints its port, and then each mail as one line of JSON. Its arguments: `plain`, `tls` or `starttls`, and a file with
/// certificate and key. Over TLS it wants the name `ada` and the password `p@ss`.
const SERVER: &str = r#"
import asyncio, email, email.policy, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

mode, pem = sys.argv[1], sys.argv[2]
context = None
if mode != "plain":
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

def authenticate(server, session, envelope, mechanism, auth):
    is_known = (auth.login, auth.password) == (b"ada", b"p@ss")
    return AuthResult(success=is_known, handled=False)

def server():
    options = {"enable_SMTPUTF8": True}
    if mode != "plain":
        options |= {"authenticator": authenticate, "auth_required": True}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if mode == "tls":
        options |= {"auth_require_tls": False}
    return SMTP(Handler(), **options)

class Handler:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = lambda kind: message.get_body([kind]).get_content().replace("\r\n", "\n")
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": message["subject"],
            "plain": text("plain"),
            "html": text("html"),
            "tls": session.ssl is not None or mode == "tls",
            "defects": sum(len(part.defects) for part in message.walk()),
        }), flush=True)
        return "250 OK"

async def main():
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(server, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()

asyncio.run(main())
"#;

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Server {
    /// The next mail that it got.
    pub(crate) fn mail(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server; `None`, and a line that says why, where it cannot be had. With `CI=true` that is a failure.
pub(crate) fn aiosmtpd(mode: &str, pem: &Path) -> Option<Server> {
    let python = match installed() {
        Ok(python) => python,
        Err(reason) if std::env::var_os("CI").is_some() => panic!("{reason}"),
        Err(reason) => {
            eprintln!("skipped, for want of {PACKAGE}: {reason}");
            return None;
        }
    };
    let mut child = Command::new(python)
        .args(["-c", SERVER, mode])
        .arg(pem)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut server = Server {
        port: 0,
        child,
        output,
    };
    server.port = server.line().trim().parse().unwrap();
    Some(server)
}

/// Held by the test that installs, for the others of this run to wait.
static INSTALLING: Mutex<()> = Mutex::new(());

/// The interpreter that has it. It is installed under another name and renamed when it is complete, so that two test runs do
/// not come into each other's way.
fn installed() -> Result<PathBuf, String> {
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop");
    let complete = tools.join(PACKAGE);
    if !complete.exists() {
        let making = tools.join(format!("making-{}-{PACKAGE}", std::process::id()));
        fs::create_dir_all(&tools).map_err(|error| error.to_string())?;
        let made = install(&making);
        if made.is_ok() && fs::rename(&making, &complete).is_err() && !complete.exists() {
            return Err("the installed package cannot be put in its place".to_owned());
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
    pip.args(["-m", "pip", "install", "--quiet", "--retries", "1"]);
    run(pip.args(["--timeout", "30", "--disable-pip-version-check", PACKAGE]))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
