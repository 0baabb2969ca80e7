//! nginx of the test's own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::printed::Directory;

/// Ends nginx when the test's process ends, whatever ends that.
const KEEPER: &str = r#"
"$1" -p "$2" -c n.conf -e "$2/error.log" </dev/null &
nginx=$!
trap '' HUP INT TERM
read -r line
kill -TERM "$nginx"
wait "$nginx"
"#;

/// A proxy in front of the nodes, which takes them in turn, and gives no request to a second one.
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    keeper: Child,
    directory: Directory,
}

/// Where nginx is, which is not on everybody's path.
pub(crate) fn program() -> Option<&'static str> {
    let places = [
        "/usr/sbin/nginx",
        "/usr/bin/nginx",
        "/usr/local/bin/nginx",
        "/opt/homebrew/bin/nginx",
    ];
    let found = places
        .into_iter()
        .find(|place| fs::exists(place).is_ok_and(|is_there| is_there));
    if found.is_none() {
        let missing = "nginx is not installed (Debian package: nginx-light)";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        eprintln!("skipped: {missing}");
    }
    found
}

impl Nginx {
    /// Starts it there; nothing, if somebody else has taken the port meanwhile.
    pub(crate) fn start(program: &str, address: SocketAddr, nodes: &[SocketAddr]) -> Option<Self> {
        let directory = Directory::new();
        fs::write(directory.0.join("n.conf"), settings(address, nodes)).unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEPER, "sh", program])
            .arg(&directory.0);
        let keeper = command.stdin(Stdio::piped()).spawn().unwrap();
        let nginx = Self {
            address,
            keeper,
            directory,
        };
        nginx.listens().then_some(nginx)
    }

    /// Its id is written once it listens.
    fn listens(&self) -> bool {
        let read = |name: &str| fs::read_to_string(self.directory.0.join(name));
        for _ in 0..3000 {
            if read("nginx.pid").is_ok_and(|id| !id.is_empty()) {
                TcpStream::connect(self.address).expect("nginx listens");
                return true;
            }
            if read("error.log").is_ok_and(|log| log.contains("Address already in use")) {
                return false;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("nginx does not start: {:?}", read("error.log"));
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A port that nobody listens on now.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

fn settings(address: SocketAddr, nodes: &[SocketAddr]) -> String {
    let nodes: String = nodes
        .iter()
        .map(|node| format!("server {node} max_fails=0;\n"))
        .collect();
    format!(
        "daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log crit;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream nodes {{
        {nodes}
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://nodes;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_next_upstream off;
        }}
    }}
}}
"
    )
}
