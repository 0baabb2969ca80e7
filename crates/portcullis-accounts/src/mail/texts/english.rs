use super::page::{Tongue, Words};
use crate::mail::Message;

pub(super) const TONGUE: Tongue = Tongue {
    language: "en",
    of: " at ",
    hint: "If the button does not work, copy this address into your browser:",
    when: "This happened on",
    words,
};

fn words<'a>(message: &'a Message, of: &str) -> Words<'a> {
    match message {
        Message::VerifyEmail { link } => Words {
            subject: "Confirm your e-mail address",
            before: format!(
                "An account{of} was opened with this e-mail address. If you opened it, confirm the address:"
            ),
            link: Some(("Confirm the address", link)),
            after: "The link is good for 24 hours, and only the newest one works. If you did not open an account, do not confirm: somebody else would have an account in your name. Nothing else needs to be done.",
        },
        Message::AlreadyRegistered => Words {
            subject: "You already have an account",
            before: format!(
                "Somebody, perhaps you, has tried to open an account{of} with this e-mail address, which has one already."
            ),
            link: None,
            after: "Log in, or ask for a new password if you do not know yours. If it was not you, nothing needs to be done: nothing was changed, and nobody was told that you have an account.",
        },
        Message::ResetPassword { link } => Words {
            subject: "Set a new password",
            before: format!("A new password was asked for, for your account{of}. Set it here:"),
            link: Some(("Set a new password", link)),
            after: "The link is good for one hour, and only the newest one works. If you did not ask for it, nothing needs to be done: your password is still the same.",
        },
        Message::NoPassword { providers, link } => Words {
            subject: "Your account has no password",
            before: match providers.as_slice() {
                [] => format!(
                    "A new password was asked for, for your account{of}, which has none yet. You can set one:"
                ),
                ways => format!(
                    "A new password was asked for, for your account{of}, which has none: you log in by {}.",
                    ways.join(", ")
                ),
            },
            link: link.as_deref().map(|link| ("Set a password", link)),
            after: "If you did not ask for it, nothing needs to be done.",
        },
        Message::ChangeEmail { link } => Words {
            subject: "Confirm your new e-mail address",
            before: format!(
                "An account{of} is to have this e-mail address from now on. If it is yours, confirm the change:"
            ),
            link: Some(("Make this my address", link)),
            after: "The link is good for 24 hours, and you will have to log in again. If it is not your account, do not confirm.",
        },
        Message::EmailChanged { undo: Some(link) } => Words {
            subject: "Your e-mail address was changed",
            before: format!(
                "Your account{of} has another e-mail address now. If you changed it, nothing needs to be done. If it was not you, undo it:"
            ),
            link: Some(("Undo the change", link)),
            after: "The link is good for 72 hours. It ends every login and takes back the password and all API keys; you will then get mail by which to set a new password.",
        },
        Message::Unlock { link } => Words {
            subject: "Unlock your account",
            before: format!(
                "There were too many wrong passwords for your account{of}, so it is locked. Unlock it here:"
            ),
            link: Some(("Unlock the account", link)),
            after: "The link is good for one hour, and only the newest one works. If it was not you who mistyped the password, somebody may be guessing it: then ask for a new one instead, which ends the lock as well.",
        },
        other => notice(other, of),
    }
}

/// What has no link.
fn notice(message: &Message, of: &str) -> Words<'static> {
    let (subject, before, after) = match message {
        Message::PasswordChanged => (
            "Your password was changed",
            format!(
                "The password of your account{of} was changed, and all other logins were ended."
            ),
            "If it was not you, ask for a new password at once.",
        ),
        Message::EmailInUse => (
            "Somebody has tried to use your e-mail address",
            format!(
                "The owner of another account{of} has tried to make this e-mail address theirs, which is the address of your account."
            ),
            "Nothing was changed, and they were not told.",
        ),
        Message::EmailChanged { .. } => (
            "Your e-mail address was changed",
            format!("The account{of} that had this e-mail address has another one now."),
            "If you did not change it, ask the people who run the service for help.",
        ),
        Message::AccountLocked => (
            "Your account is locked",
            format!(
                "There were too many wrong passwords for your account{of}, so logging in is shut for a while."
            ),
            "Who is logged in stays logged in. If it was not you, somebody may be guessing: a new password, which you can ask for now, ends the lock.",
        ),
        Message::LoginAfterFailures => (
            "A login after wrong passwords",
            format!("Somebody has logged in to your account{of} after several wrong passwords."),
            "If it was not you, ask for a new password at once.",
        ),
        Message::AccountDeleted => (
            "Your account was deleted",
            format!("Your account{of} was deleted, with everything that belonged to it."),
            "",
        ),
        other => return second_factor(other, of),
    };
    Words {
        subject,
        before,
        link: None,
        after,
    }
}

/// What happens to second factors, and to ways in by a provider.
fn second_factor(message: &Message, of: &str) -> Words<'static> {
    let (subject, before, after) = match message {
        Message::MfaEnabled => (
            "Two-factor authentication is on",
            format!(
                "Logging in to your account{of} asks for a code of your authenticator app from now on. All other logins were ended."
            ),
            "Keep the recovery codes where you find them without your phone. If it was not you, ask the people who run the service for help.",
        ),
        Message::MfaDisabled => (
            "Two-factor authentication is off",
            format!(
                "Logging in to your account{of} asks for no code of an authenticator app any more. All other logins were ended, and the recovery codes are good for nothing."
            ),
            "If it was not you, ask for a new password at once.",
        ),
        Message::MfaLocked => (
            "Too many wrong codes",
            format!(
                "Somebody who has logged in to your account{of} as far as the second step, or is logged in to it, has typed too many wrong codes. For a while no code is accepted."
            ),
            "If it was not you, somebody may know your password: ask for a new one.",
        ),
        Message::RecoveryCodeUsed { left } => (
            "A recovery code was used",
            match left {
                0 => format!("The last recovery code of your account{of} was used."),
                1 => format!("A recovery code of your account{of} was used. There is one left."),
                left => {
                    format!("A recovery code of your account{of} was used. There are {left} left.")
                }
            },
            "If you have lost your authenticator app, turn two-factor authentication off and on again with another one. If it was not you, ask for a new password at once, and make new recovery codes.",
        ),
        Message::RecoveryCodesReplaced => (
            "You have new recovery codes",
            format!(
                "New recovery codes were made for your account{of}. The old ones are good for nothing any more."
            ),
            "If it was not you, ask for a new password at once.",
        ),
        Message::IdentityLinked { provider } => (
            "A new way to log in",
            format!("Your account{of} can be logged in to with {provider} from now on."),
            "If it was not you, remove it in your account, and ask for a new password at once.",
        ),
        Message::IdentityUnlinked { provider } => (
            "A way to log in was removed",
            format!("Your account{of} cannot be logged in to with {provider} any more."),
            "If it was not you, ask for a new password at once.",
        ),
        _ => (
            "A message about your account",
            format!("Something has happened to your account{of}."),
            "",
        ),
    };
    Words {
        subject,
        before,
        link: None,
        after,
    }
}
