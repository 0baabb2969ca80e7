/// Which defaults hold where the application says nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Profile {
    /// What this crate's authors would choose: argon2id, a policy by length and lists, checked keys.
    #[default]
    Strict,
    /// What clients of two older systems expect: bcrypt, a policy by composition, classic keys (`sk_` and 64 hex digits), the
    /// header `Authorization: <collection> API-Key <key>`. Everything else stays strict.
    Compat,
}

impl Profile {
    /// [`Compat`](Self::Compat).
    #[must_use]
    pub const fn compat() -> Self {
        Self::Compat
    }
}

/// Whether a refresh token may be presented again after it was exchanged: for requests that cross, and for answers that were
/// lost. It always gives the *same* next token; any other token than the last one's parent ends the family (RFC 9700 §4.14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParentGrace {
    /// It may not.
    Never,
    /// Until 10 seconds after the exchange, unless said; see
    /// [`AccountsBuilder::reuse_interval`](crate::AccountsBuilder::reuse_interval).
    #[default]
    WithinInterval,
    /// Until the next token is presented: kinder to phones that lose answers, and to thieves.
    UntilChildUsed,
}
