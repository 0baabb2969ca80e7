use std::fmt;

use portcullis_limit::normalize_identifier;

/// The most characters of an address (RFC 5321 §4.5.3.1.3: 256 with the angle brackets).
const LONGEST: usize = 254;

/// The most characters before the `@` (RFC 5321 §4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// An e-mail address: as its owner writes it, and as it is compared.
///
/// Two addresses with one key are one account. The key is NFKC, case-folded, its host in IDNA's ASCII form, so that neither
/// `Alice@Example.com` nor a look-alike in full-width letters opens a second account beside `alice@example.com`. Mail goes to
/// the address as it was written.
///
/// ```
/// use portcullis_accounts::EmailAddress;
///
/// let address = EmailAddress::parse(" Alice@Example.com ").unwrap();
/// assert_eq!(address.as_str(), "Alice@Example.com");
/// assert_eq!(address.key(), "alice@example.com");
/// assert!(EmailAddress::parse("alice@example.com\nBcc: everybody@example.com").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    text: String,
    key: String,
}

impl EmailAddress {
    /// Reads an address. White space around it is dropped.
    ///
    /// It must have the form `local@host` with a host of two labels or more, without white space, control characters, quotes,
    /// angle brackets, commas, semicolons or a second `@`; RFC 5321 allows more, which nobody has.
    ///
    /// # Errors
    ///
    /// For anything else, and for more than 254 bytes or 64 before the `@`.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let (local, host) = text.split_once('@').ok_or(InvalidEmail(()))?;
        let fits = text.len() <= LONGEST && (1..=LONGEST_LOCAL).contains(&local.len());
        let is_sound = fits && text.chars().all(is_plain) && is_local(local) && is_host(host);
        let key = normalize_identifier(text);
        // What normalising makes of it must be one address still: it may have had a second `@` in disguise.
        let is_one = key.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@') && is_host(host)
        });
        match is_sound && is_one {
            true => Ok(Self {
                text: text.to_owned(),
                key,
            }),
            false => Err(InvalidEmail(())),
        }
    }

    /// The address from a store, which has kept both forms.
    pub fn from_parts(text: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            key: key.into(),
        }
    }

    /// As its owner writes it; where mail goes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As it is compared: unique within a collection.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.text.split_once('@').map_or("", |(local, _)| local)
    }
}

fn is_plain(letter: char) -> bool {
    !letter.is_whitespace()
        && !letter.is_control()
        && !matches!(letter, '"' | '<' | '>' | ',' | ';' | '\\')
}

fn is_local(local: &str) -> bool {
    !local.starts_with('.') && !local.ends_with('.') && !local.contains("..")
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    host.contains('.') && !host.contains('@') && host.split('.').all(is_label)
}

impl fmt::Debug for EmailAddress {
    /// Not shown: addresses do not belong into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(***)")
    }
}

/// The text is not an e-mail address that mail could be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEmail(());

impl fmt::Display for InvalidEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an e-mail address")
    }
}

impl std::error::Error for InvalidEmail {}
