use std::collections::BTreeMap;

use http::header::{COOKIE, SET_COOKIE};
use http::{Request, Response};
use tower::ServiceExt;

use super::App;

pub(crate) const COOKIE_NAME: &str = "__Host-session";

/// Keeps cookies as a browser does. A clone is another browser that was given the same cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    app: App,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The `Set-Cookie` header of the session, if there was one.
    pub(crate) set_cookie: Option<String>,
}

impl Browser {
    pub(crate) fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) fn with_cookie(app: &App, value: &str) -> Self {
        let mut browser = Self::new(app);
        browser
            .cookies
            .insert(COOKIE_NAME.to_owned(), value.to_owned());
        browser
    }

    /// Sends a request and keeps the cookies of the answer.
    pub(crate) async fn send(&mut self, path: &str) -> Answer {
        let answer = self.send_without_keeping(path).await;
        self.keep(&answer);
        answer
    }

    /// Sends a request; its answer is on its way back.
    pub(crate) async fn send_without_keeping(&self, path: &str) -> Answer {
        let response = self.app.clone().oneshot(self.request(path)).await.unwrap();
        Answer::of(response)
    }

    /// Takes the cookies of an answer that has arrived.
    pub(crate) fn keep(&mut self, answer: &Answer) {
        let Some(set_cookie) = &answer.set_cookie else {
            return;
        };
        let pair = set_cookie.split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        match value.is_empty() || set_cookie.contains("Max-Age=0") {
            true => self.cookies.remove(name),
            false => self.cookies.insert(name.to_owned(), value.to_owned()),
        };
    }

    pub(crate) async fn body(&mut self, path: &str) -> String {
        self.send(path).await.body
    }

    /// The value of the session cookie.
    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies.values().next().map(String::as_str)
    }

    fn request(&self, path: &str) -> Request<String> {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::builder().uri(path);
        let request = match pairs.is_empty() {
            true => request,
            false => request.header(COOKIE, pairs.join("; ")),
        };
        request.body(String::new()).unwrap()
    }
}

impl Answer {
    pub(crate) fn of(response: Response<String>) -> Self {
        let mut cookies = response.headers().get_all(SET_COOKIE).iter();
        let set_cookie = cookies
            .next()
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(cookies.next(), None, "one cookie is set at most");
        Self {
            status: response.status().as_u16(),
            set_cookie,
            body: response.into_body(),
        }
    }

    /// `Max-Age` of the session cookie, in seconds.
    pub(crate) fn max_age(&self) -> Option<u64> {
        let set_cookie = self.set_cookie.as_deref()?;
        let attribute = set_cookie
            .split("; ")
            .find_map(|attribute| attribute.strip_prefix("Max-Age="))?;
        Some(attribute.parse().unwrap())
    }
}
