use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{Request, Response, Uri};
use http_body_util::Full;

use super::wire;

/// How often it may be sent on, and how long all of that may take.
const STEPS: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);

/// What goes from an application to a provider and comes back: it follows redirects and keeps cookies, each for the origin that set it.
///
/// It speaks plain HTTP alone, knows nothing of paths and lifetimes of cookies, and runs no script.
#[derive(Default, Clone)]
pub struct Browser {
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    /// One that has been nowhere.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes to a page and wherever that sends it, until it is sent to an address that begins with `end`. The whole of that address,
    /// which it does not go to.
    ///
    /// # Errors
    ///
    /// If it is sent nowhere before that, or too often, if a minute does not suffice, or if somebody does not answer.
    pub async fn follow(&mut self, start: &str, end: &str) -> io::Result<String> {
        let walk = tokio::time::timeout(LIMIT, self.walk(start, end));
        walk.await.map_err(io::Error::other)?
    }

    async fn walk(&mut self, start: &str, end: &str) -> io::Result<String> {
        let mut address = start.to_owned();
        for _ in 0..STEPS {
            let answer = self.visit(&address).await?;
            address = next(&address, &answer)?;
            if address.starts_with(end) {
                return Ok(address);
            }
        }
        Err(io::Error::other(format!("sent on too often: {address}")))
    }

    /// Gets a page, and whatever cookies come with it.
    ///
    /// # Errors
    ///
    /// If it is not for plain HTTP, or nobody answers.
    pub async fn visit(&mut self, address: &str) -> io::Result<Response<Bytes>> {
        let uri: Uri = address.parse().map_err(io::Error::other)?;
        let origin = uri.authority().map_or("", |origin| origin.as_str());
        let origin = origin.to_owned();
        let request = Request::get(uri).header("accept", "text/html");
        let request = match self.cookies_of(&origin) {
            cookies if cookies.is_empty() => request,
            cookies => request.header(COOKIE, cookies),
        };
        let request = request
            .body(Full::new(Bytes::new()))
            .map_err(io::Error::other)?;
        let answer = wire::send(request).await?;
        self.keep(&origin, &answer);
        Ok(answer)
    }

    fn cookies_of(&self, origin: &str) -> String {
        let of = self.cookies.iter().filter(|((at, _), _)| at == origin);
        let pairs: Vec<String> = of
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, origin: &str, answer: &Response<Bytes>) {
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|cookie| {
                let pair = cookie.split(';').next()?;
                pair.split_once('=')
            });
            if let Some((name, value)) = pair {
                let place = (origin.to_owned(), name.to_owned());
                self.cookies.insert(place, value.to_owned());
            }
        }
    }
}

/// Where an answer sends to.
fn next(from: &str, answer: &Response<Bytes>) -> io::Result<String> {
    let location = answer.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let location = location.filter(|_| answer.status().is_redirection());
    let Some(location) = location else {
        let page = String::from_utf8_lossy(answer.body());
        let page: String = page.chars().take(500).collect();
        let stopped = format!("{} at {from}: {page}", answer.status());
        return Err(io::Error::other(stopped));
    };
    if !location.starts_with('/') {
        return Ok(location.to_owned());
    }
    let uri: Uri = from.parse().map_err(io::Error::other)?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    Ok(format!("http://{authority}{location}"))
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser")
            .field("cookies", &self.cookies.len())
            .finish()
    }
}
