use std::time::Duration;

use portcullis_limit::Quota;

/// How often what may be done. The limits hold for every caller, with HTTP or without.
///
/// | what | who is counted | limit | where the number comes from |
/// | --- | --- | --- | --- |
/// | `login` | client | 30 a minute | django-allauth |
/// | `second_factor` | client | 30 a minute: as logins, of which it is a part | |
/// | `register` | client | 20 a minute | django-allauth |
/// | `refresh` | client | 150 in 5 minutes | GoTrue |
/// | `request_link` | client | 20 a minute | django-allauth (password reset) |
/// | `request_link_for` | address | 5 a minute | django-allauth (password reset) |
/// | `mail_to` | address and purpose | 1 a minute; more are answered alike and not sent | GoTrue |
/// | `take_link` | client | 30 in 5 minutes | GoTrue (verify) |
/// | `prove` | user | 10 a minute: codes of the second factor included | django-allauth (reauthenticate) |
/// | `change_password` | user | 5 a minute | django-allauth |
/// | `oauth_start` | client | 30 a minute | as `login` |
/// | `oauth_callback` | client | 30 a minute | as `login`; each asks a provider |
/// | `oauth_exchange` | client | 30 a minute | as `login` |
/// | `manage` | user | 30 a minute | three times django-allauth's manage_email, for keys, profile and enrolments as well |
///
/// Failed logins are counted besides, by [`Lockout`](portcullis_limit::Lockout).
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Logins, right or wrong.
    pub login: Quota,
    /// Second factors shown to finish a login, right or wrong.
    pub second_factor: Quota,
    /// New accounts.
    pub register: Quota,
    /// Refresh tokens exchanged.
    pub refresh: Quota,
    /// Mails asked for.
    pub request_link: Quota,
    /// Mails asked for, by address.
    pub request_link_for: Quota,
    /// Mails sent to one address for one purpose.
    pub mail_to: Quota,
    /// Links presented.
    pub take_link: Quota,
    /// Proofs repeated, and codes shown by who is logged in.
    pub prove: Quota,
    /// Passwords changed.
    pub change_password: Quota,
    /// Logins by a provider begun.
    pub oauth_start: Quota,
    /// Returns from a provider.
    pub oauth_callback: Quota,
    /// One-time codes of such logins exchanged.
    pub oauth_exchange: Quota,
    /// Keys, addresses, profiles and identities changed.
    pub manage: Quota,
}

impl Default for Limits {
    fn default() -> Self {
        let in_5_minutes = |amount| Quota::per(Duration::from_secs(300), amount);
        Self {
            login: Quota::per_minute(30).named("login"),
            second_factor: Quota::per_minute(30).named("second_factor"),
            register: Quota::per_minute(20).named("register"),
            refresh: in_5_minutes(150).named("refresh"),
            request_link: Quota::per_minute(20).named("request_link"),
            request_link_for: Quota::per_minute(5).named("request_link_for"),
            mail_to: Quota::per_minute(1).named("mail_to"),
            take_link: in_5_minutes(30).named("take_link"),
            prove: Quota::per_minute(10).named("prove"),
            change_password: Quota::per_minute(5).named("change_password"),
            oauth_start: Quota::per_minute(30).named("oauth_start"),
            oauth_callback: Quota::per_minute(30).named("oauth_callback"),
            oauth_exchange: Quota::per_minute(30).named("oauth_exchange"),
            manage: Quota::per_minute(30).named("manage"),
        }
    }
}
