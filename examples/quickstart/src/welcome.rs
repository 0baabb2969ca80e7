//! What is printed at start: lines to paste, each with the status that it will show.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::demo::{ADMIN, Credentials, USER};
use crate::secret::random_hex;
use crate::settings::{Settings, Stop};

const CURL: &str = r"curl -s -w ' -> %{http_code}\n'";
const JSON: &str = "-H 'Content-Type: application/json'";
const NEW_POST: &str = r#"-d '{"title":"Hello","body":"World"}'"#;

struct Text {
    text: String,
    base: String,
}

impl Text {
    fn line(&mut self, promise: &str, curl: &str, path: &str) {
        // Writing to memory cannot fail.
        let _ = write!(
            self.text,
            "\n# {promise}\n{CURL} {curl}{}/api/{path}\n",
            self.base
        );
    }
}

pub(crate) fn text(
    settings: &Settings,
    address: SocketAddr,
    credentials: &Credentials,
) -> Result<String, Stop> {
    let base = format!("http://{address}");
    let mut text = Text {
        text: format!("Portcullis quickstart on {base}; lines to paste:\n"),
        base,
    };
    text.line("nobody: 200", "", "whoami");
    text.line("nobody, where somebody is needed: 401", "", "posts");
    tokens(&mut text, settings, credentials);
    keys(&mut text, credentials);
    session(&mut text, credentials)?;
    if settings.limits {
        let many = r"for i in $(seq 60); do curl -s -o /dev/null -w '%{http_code} '";
        let _ = write!(
            text.text,
            "\n# too many at once, and for some seconds all that follow: 429\n{many} {}/api/whoami; done; echo\n",
            text.base
        );
    }
    text.text
        .push_str("\nWhat is printed here is made anew at each start. Ctrl-C ends the server.");
    Ok(text.text)
}

fn tokens(text: &mut Text, settings: &Settings, credentials: &Credentials) {
    let (Some(user), Some(admin)) = (&credentials.user_token, &credentials.admin_token) else {
        let curl = "-H \"Authorization: Bearer $TOKEN\" ";
        return text.line("TOKEN=… with a token of your issuer: 200", curl, "whoami");
    };
    let life = humantime::format_duration(settings.token_life);
    let bearer = |token: &str| format!("-H 'Authorization: Bearer {token}' ");
    let (user, admin) = (bearer(user), bearer(admin));
    text.line(
        &format!("a JWT of {USER}, good for {life}: 200"),
        &user,
        "posts",
    );
    let write = format!("{user}{JSON} {NEW_POST} ");
    text.line("the same user writes: 201", &write, "posts");
    let delete = format!("-X DELETE {user}");
    text.line("the same user deletes: 403", &delete, "posts/1");
    let delete = format!("-X DELETE {admin}");
    text.line(
        &format!("{ADMIN} deletes (the second time it is gone: 404): 204"),
        &delete,
        "posts/1",
    );
}

fn keys(text: &mut Text, credentials: &Credentials) {
    let (read, write) = (&credentials.read_key, &credentials.write_key);
    let key = format!("-H 'Authorization: ApiKey {read}' ");
    text.line("an API key with scope read: 200", &key, "posts");
    let key = format!("-H 'X-Api-Key: {read}' {JSON} {NEW_POST} ");
    text.line("the same key writes: 403", &key, "posts");
    let key = format!("-H 'X-Api-Key: {write}' {JSON} {NEW_POST} ");
    text.line("a key with scopes read and write: 201", &key, "posts");
}

fn session(text: &mut Text, credentials: &Credentials) -> Result<(), Stop> {
    // A name that nobody can guess and no other run has.
    let random = random_hex()?;
    let jar = std::env::temp_dir().join(format!("portcullis-{}.cookies", &random[..16]));
    let jar = jar.display();
    let body = format!(
        r#"{{"email":"{USER}","password":"{}"}}"#,
        credentials.password
    );
    text.line(
        "a session begins (the same password is good for admin@example.com): 200",
        &format!("-c '{jar}' {JSON} -d '{body}' "),
        "users/login",
    );
    text.line(
        "the cookie says who is calling: 200",
        &format!("-b '{jar}' "),
        "whoami",
    );
    text.line(
        "the session ends: 204",
        &format!("-b '{jar}' -c '{jar}' -X POST "),
        "users/logout",
    );
    Ok(())
}
