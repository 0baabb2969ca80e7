use std::borrow::Cow;

use serde_json::Value;

/// One field of a collection's own, declared by [`text`], [`boolean`], [`integer`], [`number`] or [`select`].
///
/// ```
/// use portcullis_accounts::{Collection, boolean, select, text};
///
/// let customers = Collection::new()
///     .profile(text("name").max(100))
///     .profile(text("company").required())
///     .profile(select("plan", ["free", "pro"]).default("free").read_only())
///     .profile(boolean("newsletter").default(false))
///     .profile(text("crmId").hidden());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Field {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: FieldKind,
    pub(crate) required: bool,
    pub(crate) default: Option<Value>,
    pub(crate) read_only: bool,
    pub(crate) hidden: bool,
}

/// Who sets a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setter {
    /// Its user: neither those that are only to be read, nor hidden ones.
    User,
    /// An administrator: not hidden ones.
    Admin,
    /// The application: all.
    Application,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// Text of at most this many characters.
    Text {
        /// Characters, as Unicode counts code points.
        max: usize,
    },
    /// True or false.
    Boolean,
    /// A whole number of 53 bits, which every JSON reader can hold.
    Integer,
    /// A number.
    Number,
    /// One of these texts.
    Select {
        /// What there is to choose from.
        options: Vec<Cow<'static, str>>,
    },
}

/// The most characters of a text, unless said.
const TEXT: usize = 1000;

/// A field that holds text, at most 1000 characters unless said.
pub fn text(name: impl Into<Cow<'static, str>>) -> Field {
    Field::new(name.into(), FieldKind::Text { max: TEXT })
}

/// A field that is true or false.
pub fn boolean(name: impl Into<Cow<'static, str>>) -> Field {
    Field::new(name.into(), FieldKind::Boolean)
}

/// A field that holds a whole number between −2⁵³ and 2⁵³.
pub fn integer(name: impl Into<Cow<'static, str>>) -> Field {
    Field::new(name.into(), FieldKind::Integer)
}

/// A field that holds a number.
pub fn number(name: impl Into<Cow<'static, str>>) -> Field {
    Field::new(name.into(), FieldKind::Number)
}

/// A field that holds one of several texts.
pub fn select<T: Into<Cow<'static, str>>>(
    name: impl Into<Cow<'static, str>>,
    options: impl IntoIterator<Item = T>,
) -> Field {
    let options = options.into_iter().map(Into::into).collect();
    Field::new(name.into(), FieldKind::Select { options })
}

impl Field {
    fn new(name: Cow<'static, str>, kind: FieldKind) -> Self {
        Self {
            name,
            kind,
            required: false,
            default: None,
            read_only: false,
            hidden: false,
        }
    }

    /// The most characters of a text; of no effect on other kinds.
    pub fn max(mut self, characters: usize) -> Self {
        if let FieldKind::Text { max } = &mut self.kind {
            *max = characters;
        }
        self
    }

    /// Must be given at registration, and cannot be taken away.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What the field holds where nothing was given.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// The user may read it and not set it; administrators and the application may.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// It is in no answer, and nobody sets it over HTTP; it is for the application.
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Whether it is this one's to set.
    pub(crate) fn is_open_to(&self, setter: Setter) -> bool {
        match setter {
            Setter::User => !self.read_only && !self.hidden,
            Setter::Admin => !self.hidden,
            Setter::Application => true,
        }
    }

    /// Whether a value fits; the code of what is wrong, otherwise. Null fits what is not required.
    pub(crate) fn check(&self, value: &Value) -> Result<(), &'static str> {
        match (&self.kind, value) {
            (_, Value::Null) if self.required => Err("required"),
            (_, Value::Null)
            | (FieldKind::Boolean, Value::Bool(_))
            | (FieldKind::Number, Value::Number(_)) => Ok(()),
            (FieldKind::Text { .. }, Value::String(text)) if text.chars().any(is_unprintable) => {
                Err("characters")
            }
            (FieldKind::Text { .. }, Value::String(text))
                if self.required && text.trim().is_empty() =>
            {
                Err("required")
            }
            (FieldKind::Text { max }, Value::String(text)) if text.chars().count() > *max => {
                Err("length")
            }
            (FieldKind::Text { .. }, Value::String(_)) => Ok(()),
            (FieldKind::Integer, Value::Number(number)) => match number.as_i64() {
                Some(whole) if whole.unsigned_abs() <= 1 << 53 => Ok(()),
                _ => Err("type"),
            },
            (FieldKind::Select { options }, Value::String(text)) => {
                match options.iter().any(|option| option == text) {
                    true => Ok(()),
                    false => Err("option"),
                }
            }
            _ => Err("type"),
        }
    }
}

/// Control characters but for line breaks and tabs: PostgreSQL takes no NUL, and terminals obey the others.
fn is_unprintable(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
}
