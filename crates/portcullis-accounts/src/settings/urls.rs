use crate::model::LinkPurpose;

/// The application's own pages that links in mails lead to: paths under its base URL.
///
/// A link's token is appended as a fragment (`#token=…`), which browsers send to no server and no `Referer` holds. The page
/// reads it and posts it: a link never does anything by being opened, for scanners open links too.
///
/// ```
/// use portcullis_accounts::Pages;
///
/// let pages = Pages { reset_password: "/account/new-password".into(), ..Pages::default() };
/// # let _ = pages;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// `/verify-email`
    pub verify_email: String,
    /// `/reset-password`
    pub reset_password: String,
    /// `/change-email`
    pub change_email: String,
    /// `/undo-email`
    pub undo_email: String,
    /// `/unlock`
    pub unlock: String,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            verify_email: "/verify-email".to_owned(),
            reset_password: "/reset-password".to_owned(),
            change_email: "/change-email".to_owned(),
            undo_email: "/undo-email".to_owned(),
            unlock: "/unlock".to_owned(),
        }
    }
}

impl Pages {
    /// The page for a purpose.
    #[must_use]
    pub fn path(&self, purpose: LinkPurpose) -> &str {
        match purpose {
            LinkPurpose::VerifyEmail => &self.verify_email,
            LinkPurpose::ResetPassword => &self.reset_password,
            LinkPurpose::ChangeEmail => &self.change_email,
            LinkPurpose::UndoEmail => &self.undo_email,
            LinkPurpose::Unlock => &self.unlock,
        }
    }
}
