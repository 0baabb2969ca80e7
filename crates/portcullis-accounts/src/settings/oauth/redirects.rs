//! Where a login by a provider may lead back to (AC-A9).

use http::{StatusCode, Uri};
use portcullis_core::Denial;

/// The longest address, in bytes.
const LONGEST: usize = 2048;

/// Parameters that are appended, which nobody else may have put there: whoever reads the first of two would take the other's.
const OURS: [&str; 2] = ["code", "error"];

/// Characters that parsers of URLs read differently, or that have no place in one.
const UNSOUND: &[u8] = b"\\@#\"<>^`{|}";

/// Addresses of the application: compared as they stand, text by text, so that there is no parser to disagree with a browser's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirects {
    places: Vec<Place>,
}

/// All that lies under a path of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// `https://app.example`, as it must stand there.
    origin: String,
    /// Without a slash at its end.
    path: String,
}

impl Redirects {
    /// These places. The first one is where a login leads that does not say where to.
    ///
    /// # Errors
    ///
    /// The one that is no place.
    pub(crate) fn new<'a>(places: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let places = places
            .into_iter()
            .map(|text| Place::read(text).ok_or_else(|| text.to_owned()));
        Ok(Self {
            places: places.collect::<Result<_, _>>()?,
        })
    }

    /// The address to go back to. One that begins with a slash is within the origin of the first place.
    ///
    /// # Errors
    ///
    /// 422 `redirect_not_allowed`.
    pub(crate) fn check(&self, wanted: Option<&str>) -> Result<String, Denial> {
        let first = self.places.first().ok_or_else(not_allowed)?;
        let address = match wanted {
            None => format!("{}{}/", first.origin, first.path),
            Some(path) if path.starts_with('/') => format!("{}{path}", first.origin),
            Some(address) => address.to_owned(),
        };
        let is_allowed = self.places.iter().any(|place| place.holds(&address));
        match is_sound(&address) && is_allowed {
            true => Ok(address),
            false => Err(not_allowed()),
        }
    }
}

/// An address that was checked, with one more parameter. Neither name nor value needs to be encoded.
pub(crate) fn with_parameter(address: &str, name: &str, value: &str) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}{name}={value}")
}

fn not_allowed() -> Denial {
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "redirect_not_allowed")
        .with_detail("nobody is sent back to this address")
        .with_field("redirectTo", "not_allowed")
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri
            .scheme_str()
            .filter(|scheme| matches!(*scheme, "http" | "https"))?;
        let authority = uri.authority()?.as_str().to_ascii_lowercase();
        let path = uri.path().trim_end_matches('/').to_owned();
        let is_plain = is_sound(text) && uri.query().is_none() && is_sound_path(&path);
        is_plain.then(|| Self {
            origin: format!("{scheme}://{authority}"),
            path,
        })
    }

    fn holds(&self, address: &str) -> bool {
        let Some(rest) = address.strip_prefix(&self.origin) else {
            return false;
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let Some(below) = path.strip_prefix(&self.path) else {
            return false;
        };
        (below.is_empty() || below.starts_with('/')) && is_sound_path(path) && is_sound_query(query)
    }
}

fn is_sound(address: &str) -> bool {
    address.len() <= LONGEST
        && address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !UNSOUND.contains(&byte))
}

/// No segment that is empty or leads upwards, and nothing encoded that would mean something else once it is decoded.
fn is_sound_path(path: &str) -> bool {
    let is_upwards = |segment: &str| {
        let name = segment.split(';').next().unwrap_or_default();
        matches!(name, "." | "..")
    };
    let is_harmless = |byte: u8| !byte.is_ascii_control() && !b"./\\%;?#".contains(&byte);
    !path.contains("//")
        && !path.split('/').any(is_upwards)
        && encoded(path).is_some_and(|bytes| bytes.into_iter().all(is_harmless))
}

/// None of our own parameters, however its name is written, and no control characters.
fn is_sound_query(query: &str) -> bool {
    let is_ours = |pair: &str| {
        let name = pair.split(['=', '[']).next().unwrap_or_default();
        let name = decoded(name).to_ascii_lowercase();
        let name = name.split('[').next().unwrap_or_default().trim();
        OURS.contains(&name)
    };
    encoded(query).is_some_and(|bytes| !bytes.iter().any(u8::is_ascii_control))
        && !query.split(['&', ';']).any(is_ours)
}

/// The bytes that are written as `%41`; `None` if a percent sign stands for itself.
fn encoded(text: &str) -> Option<Vec<u8>> {
    text.split('%').skip(1).map(byte_at).collect()
}

fn byte_at(text: &str) -> Option<u8> {
    let pair = text
        .get(..2)
        .filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(pair, 16).ok()
}

/// As a form is read. What is not ASCII then is replaced, for no name of ours has it.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut pieces = text.split('%');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match byte_at(piece) {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&piece[2..]);
            }
            None => plain.push_str(piece),
        }
    }
    plain
}
