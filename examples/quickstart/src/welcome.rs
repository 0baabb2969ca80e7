//! What is printed at start: lines to paste into one shell, each with the status that it will show.

use std::fmt::Write;

use crate::secret::random_hex;

const CURL: &str = r"curl -s -w ' -> %{http_code}\n'";
const JSON: &str = "-H 'Content-Type: application/json'";
const BEARER: &str = r#"-H "Authorization: Bearer $TOKEN""#;
const COOKIE: &str = r#"-b "$JAR""#;
const NEW_POST: &str = r#"-d '{"title":"Hello","body":"World"}'"#;

/// What the lines depend on.
pub(crate) struct Welcome<'a> {
    pub(crate) base: &'a str,
    pub(crate) listens_at: &'a str,
    /// The lines are about the first one.
    pub(crate) collections: &'a [String],
    /// Names of the providers that people may log in with.
    pub(crate) providers: Vec<&'a str>,
    pub(crate) requires_verified: bool,
    pub(crate) shows_mail: bool,
    /// Whether the account that the lines register becomes admin.
    pub(crate) makes_admin: bool,
    pub(crate) limits: bool,
    pub(crate) place: &'a str,
}

/// An account that no other run has: what is printed registers it.
struct Account {
    email: String,
    password: String,
    jar: String,
}

impl Account {
    /// The password has what any policy may ask for: a capital, numbers, a symbol.
    fn new() -> std::io::Result<Self> {
        let random = random_hex()?;
        let jar = format!("portcullis-{}.cookies", &random[16..24]);
        Ok(Self {
            email: format!("ada.{}@example.com", &random[..8]),
            password: format!("Harbour-{}-9", &random[8..16]),
            jar: std::env::temp_dir().join(jar).display().to_string(),
        })
    }

    fn credentials(&self, more: &str) -> String {
        let Self {
            email, password, ..
        } = self;
        format!(r#"{JSON} -d '{{"email":"{email}","password":"{password}"{more}}}'"#)
    }
}

struct Lines<'a> {
    text: String,
    base: &'a str,
    users: String,
}

impl Lines<'_> {
    /// A line that shows an answer and its status.
    fn show(&mut self, promise: &str, curl: &str, path: &str) {
        let line = format!("{CURL} {curl}{}{path}", self.base);
        self.push(promise, &line);
    }

    /// The same, and keeps parts of the answer in variables.
    fn keep(&mut self, promise: &str, curl: &str, path: &str, parts: &[(&str, &str)]) {
        let answer = format!(
            "ANSWER=$({CURL} {curl}{}{path}); echo \"$ANSWER\"",
            self.base
        );
        let line = parts.iter().fold(answer, |line, (variable, member)| {
            format!("{line}; {variable}=$(echo \"$ANSWER\" | pick {member})")
        });
        self.push(promise, &line);
    }

    fn push(&mut self, promise: &str, line: &str) {
        // Writing to memory cannot fail.
        let _ = write!(self.text, "\n# {promise}\n{line}\n");
    }

    fn users(&self, path: &str) -> String {
        format!("{}/{path}", self.users)
    }

    fn verify_by_hand(&mut self) {
        self.push(
            "what follows #token= in the link that was mailed; shows nothing",
            "LINK=…",
        );
        self.take_link();
    }

    fn take_link(&mut self) {
        let curl = format!(r#"{JSON} -d '{{"token":"'"$LINK"'"}}' "#);
        let path = self.users("verify-email");
        self.show("the address is proved: 200", &curl, &path);
    }
}

impl Welcome<'_> {
    pub(crate) fn text(&self) -> std::io::Result<String> {
        let account = Account::new()?;
        let base = self.base;
        let mut lines = Lines {
            text: self.title(),
            base,
            users: format!("/api/{}", self.collections[0]),
        };
        lines.push(
            "takes a member out of an answer; shows nothing",
            r#"pick() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }"#,
        );
        lines.show("nobody: 200", "", "/api/whoami");
        lines.show("nobody, where somebody is needed: 401", "", "/api/posts");
        self.register(&mut lines, &account);
        if self.requires_verified {
            self.prove(&mut lines);
        }
        self.use_token(&mut lines, &account);
        if !self.requires_verified {
            self.prove(&mut lines);
        }
        self.enrol(&mut lines);
        use_key(&mut lines);
        refresh_and_log_out(&mut lines);
        use_cookie(&mut lines, &account);
        self.forget(&mut lines, &account);
        self.callbacks(&mut lines);
        let place = self.place;
        let _ = write!(
            lines.text,
            "\nA page to try all of it in a browser: {base}/\n\
             The accounts are kept in {place}. Ctrl-C ends the server."
        );
        Ok(lines.text)
    }

    fn title(&self) -> String {
        let (base, listens_at) = (self.base, self.listens_at);
        let known_as = match base == listens_at {
            true => String::new(),
            false => format!(", behind {base}"),
        };
        format!(
            "Portcullis quickstart on {listens_at}{known_as}; lines to paste, one after the other:\n"
        )
    }

    fn register(&self, lines: &mut Lines<'_>, account: &Account) {
        let curl = format!("{} ", account.credentials(r#","name":"Ada""#));
        let promise = match (self.requires_verified, self.makes_admin) {
            (false, false) => "an account: 201",
            (false, true) => "an account, the first and therefore admin: 201",
            (true, false) => "an account, whose address is to be proved: 202",
            (true, true) => {
                "an account, the first and therefore admin, whose address is to be proved: 202"
            }
        };
        lines.show(promise, &curl, &lines.users("register"));
        if self.requires_verified {
            let curl = format!("{} ", account.credentials(""));
            let promise = "no login before the address is proved: 403";
            lines.show(promise, &curl, &lines.users("login"));
        }
    }

    fn prove(&self, lines: &mut Lines<'_>) {
        match self.shows_mail {
            true => self.verify(lines),
            false if self.requires_verified => lines.verify_by_hand(),
            false => {}
        }
    }

    /// By the link in the mail. Opening it in a browser shows a page with a button; this is what the button does.
    fn verify(&self, lines: &mut Lines<'_>) {
        let link = "grep -o 'verify-email#token=[A-Za-z0-9._-]*' | tail -n 1 | cut -d = -f 2";
        let line = format!(
            "ANSWER=$({CURL} {}/dev/mail); echo \"$ANSWER\"; LINK=$(echo \"$ANSWER\" | {link})",
            self.base
        );
        lines.push("the mail with a link that proves the address: 200", &line);
        lines.take_link();
    }

    fn use_token(&self, lines: &mut Lines<'_>, account: &Account) {
        let curl = format!("{} ", account.credentials(""));
        let parts = [("TOKEN", "token"), ("REFRESH", "refreshToken")];
        lines.keep("a login: 200", &curl, &lines.users("login"), &parts);
        let bearer = format!("{BEARER} ");
        lines.show("the token says who is calling: 200", &bearer, "/api/whoami");
        lines.show("a user may read: 200", &bearer, "/api/posts");
        let write = format!("{bearer}{JSON} {NEW_POST} ");
        lines.show("a user may write: 201", &write, "/api/posts");
        let promise = match self.makes_admin {
            true => "an admin may delete (the second time it is gone: 404): 204",
            false => "a user may not delete: 403",
        };
        let delete = format!("-X DELETE {bearer}");
        lines.show(promise, &delete, "/api/posts/1");
    }

    /// A secret, and nothing that is asked for yet: that begins when a code is shown at `/2fa/totp/activate`. The picture is left out.
    fn enrol(&self, lines: &mut Lines<'_>) {
        if !self.shows_mail && !self.requires_verified {
            return;
        }
        let path = lines.users("2fa/totp/enroll");
        let line = format!(
            r#"{CURL} -X POST {BEARER} {}{path} | sed 's/,"qrSvg.*"}}/}}/'"#,
            self.base
        );
        lines.push(
            "a secret for an authenticator app, for a user whose address is proved: 200",
            &line,
        );
    }

    fn forget(&self, lines: &mut Lines<'_>, account: &Account) {
        let curl = format!(r#"{JSON} -d '{{"email":"{}"}}' "#, account.email);
        let promise = match self.shows_mail {
            true => {
                "a link for a new password, in the mail that is printed here and at /dev/mail: 202"
            }
            false => "a link for a new password, by mail: 202",
        };
        lines.show(promise, &curl, &lines.users("forgot-password"));
        if self.limits {
            let many = "curl -s -o /dev/null -w '%{http_code} '";
            let line = format!("{many} '{}/api/whoami?[1-150]'; echo", self.base);
            let promise = "too many at once, and for some seconds all that follow: 429";
            lines.push(promise, &line);
        }
    }

    /// What has to be known at each provider, to be sent back from there.
    fn callbacks(&self, lines: &mut Lines<'_>) {
        if self.providers.is_empty() {
            return;
        }
        let title = "\nCallbacks to register at the providers, each exactly like this:\n";
        lines.text.push_str(title);
        for collection in self.collections {
            for provider in &self.providers {
                let path = format!("/api/{collection}/oauth/{provider}/callback");
                let _ = writeln!(lines.text, "  {provider}: {}{path}", self.base);
            }
        }
    }
}

fn use_key(lines: &mut Lines<'_>) {
    let create = format!(r#"{BEARER} {JSON} -d '{{"name":"reader","scopes":["read"]}}' "#);
    let path = lines.users("api-keys");
    lines.keep(
        "an API key with scope read: 201",
        &create,
        &path,
        &[("KEY", "key")],
    );
    let key = r#"-H "X-Api-Key: $KEY" "#;
    lines.show("the key reads: 200", key, "/api/posts");
    let write = format!("{key}{JSON} {NEW_POST} ");
    lines.show("the key does not write: 403", &write, "/api/posts");
}

fn refresh_and_log_out(lines: &mut Lines<'_>) {
    let refresh = format!(r#"{JSON} -d '{{"refreshToken":"'"$REFRESH"'"}}' "#);
    let parts = [("TOKEN", "token"), ("REFRESH", "refreshToken")];
    let path = lines.users("refresh-token");
    lines.keep("a new token: 200", &refresh, &path, &parts);
    let bearer = format!("{BEARER} ");
    let path = lines.users("sessions");
    lines.show("where this user is logged in: 200", &bearer, &path);
    let path = lines.users("logout");
    lines.show("logged out: 204", &format!("-X POST {bearer}"), &path);
    lines.show("the token is dead at once: 401", &bearer, "/api/whoami");
}

fn use_cookie(lines: &mut Lines<'_>, account: &Account) {
    let promise = "where the cookie is kept; shows nothing";
    lines.push(promise, &format!("JAR='{}'", account.jar));
    let login = account.credentials(r#","mode":"cookie""#);
    let path = lines.users("login");
    lines.show(
        "a login by cookie: 200",
        &format!(r#"-c "$JAR" {login} "#),
        &path,
    );
    let cookie = format!("{COOKIE} ");
    lines.show(
        "the cookie says who is calling: 200",
        &cookie,
        "/api/whoami",
    );
    let logout = format!(r#"{COOKIE} -c "$JAR" -X POST "#);
    lines.show("the session ends: 204", &logout, &lines.users("logout"));
}
