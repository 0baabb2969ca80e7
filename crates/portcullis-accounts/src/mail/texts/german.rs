use super::page::{Tongue, Words};
use crate::mail::Message;

pub(super) const TONGUE: Tongue = Tongue {
    language: "de",
    of: " bei ",
    hint: "Falls die Schaltfläche nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:",
    when: "Zeitpunkt:",
    words,
};

fn words<'a>(message: &'a Message, of: &str) -> Words<'a> {
    match message {
        Message::VerifyEmail { link } => Words {
            subject: "Bestätigen Sie Ihre E-Mail-Adresse",
            before: format!(
                "Mit dieser E-Mail-Adresse wurde ein Konto{of} eröffnet. Wenn Sie das waren, bestätigen Sie die Adresse:"
            ),
            link: Some(("Adresse bestätigen", link)),
            after: "Der Link gilt 24 Stunden, und nur der neueste funktioniert. Wenn Sie kein Konto eröffnet haben, bestätigen Sie nicht: Sonst hätte jemand anderes ein Konto in Ihrem Namen. Mehr müssen Sie nicht tun.",
        },
        Message::AlreadyRegistered => Words {
            subject: "Sie haben bereits ein Konto",
            before: format!(
                "Jemand, vielleicht Sie selbst, wollte mit dieser E-Mail-Adresse ein Konto{of} eröffnen; sie hat aber schon eines."
            ),
            link: None,
            after: "Melden Sie sich an, oder fordern Sie ein neues Passwort an, wenn Sie Ihres nicht mehr wissen. Wenn Sie es nicht waren, müssen Sie nichts tun: Es wurde nichts geändert, und niemand hat erfahren, dass Sie ein Konto haben.",
        },
        Message::ResetPassword { link } => Words {
            subject: "Neues Passwort festlegen",
            before: format!(
                "Für Ihr Konto{of} wurde ein neues Passwort angefordert. Hier legen Sie es fest:"
            ),
            link: Some(("Neues Passwort festlegen", link)),
            after: "Der Link gilt eine Stunde, und nur der neueste funktioniert. Wenn Sie ihn nicht angefordert haben, müssen Sie nichts tun: Ihr Passwort ist unverändert.",
        },
        Message::NoPassword { providers, link } => Words {
            subject: "Ihr Konto hat kein Passwort",
            before: match providers.as_slice() {
                [] => format!(
                    "Für Ihr Konto{of} wurde ein neues Passwort angefordert. Es hat noch keines; Sie können eines festlegen:"
                ),
                ways => format!(
                    "Für Ihr Konto{of} wurde ein neues Passwort angefordert. Es hat keines: Sie melden sich über {} an.",
                    ways.join(", ")
                ),
            },
            link: link.as_deref().map(|link| ("Passwort festlegen", link)),
            after: "Wenn Sie es nicht angefordert haben, müssen Sie nichts tun.",
        },
        Message::ChangeEmail { link } => Words {
            subject: "Bestätigen Sie Ihre neue E-Mail-Adresse",
            before: format!(
                "Ein Konto{of} soll künftig diese E-Mail-Adresse haben. Wenn es Ihres ist, bestätigen Sie die Änderung:"
            ),
            link: Some(("Adresse übernehmen", link)),
            after: "Der Link gilt 24 Stunden; danach müssen Sie sich neu anmelden. Wenn es nicht Ihr Konto ist, bestätigen Sie nicht.",
        },
        Message::EmailChanged { undo: Some(link) } => Words {
            subject: "Ihre E-Mail-Adresse wurde geändert",
            before: format!(
                "Ihr Konto{of} hat jetzt eine andere E-Mail-Adresse. Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, machen Sie es rückgängig:"
            ),
            link: Some(("Änderung rückgängig machen", link)),
            after: "Der Link gilt 72 Stunden. Er beendet alle Anmeldungen und entzieht das Passwort und alle API-Schlüssel; danach erhalten Sie eine Nachricht, mit der Sie ein neues Passwort festlegen.",
        },
        Message::Unlock { link } => Words {
            subject: "Konto entsperren",
            before: format!(
                "Für Ihr Konto{of} wurde zu oft ein falsches Passwort eingegeben, daher ist es gesperrt. Hier entsperren Sie es:"
            ),
            link: Some(("Konto entsperren", link)),
            after: "Der Link gilt eine Stunde, und nur der neueste funktioniert. Wenn nicht Sie sich vertippt haben, rät vielleicht jemand: Fordern Sie dann ein neues Passwort an, auch das hebt die Sperre auf.",
        },
        other => notice(other, of),
    }
}

/// What has no link.
fn notice(message: &Message, of: &str) -> Words<'static> {
    let (subject, before, after) = match message {
        Message::PasswordChanged => (
            "Ihr Passwort wurde geändert",
            format!(
                "Das Passwort Ihres Kontos{of} wurde geändert, und alle anderen Anmeldungen wurden beendet."
            ),
            "Wenn Sie es nicht waren, fordern Sie sofort ein neues Passwort an.",
        ),
        Message::EmailInUse => (
            "Jemand wollte Ihre E-Mail-Adresse verwenden",
            format!(
                "Jemand mit einem anderen Konto{of} wollte diese E-Mail-Adresse übernehmen, die zu Ihrem Konto gehört."
            ),
            "Es wurde nichts geändert, und die Person hat nichts erfahren.",
        ),
        Message::EmailChanged { .. } => (
            "Ihre E-Mail-Adresse wurde geändert",
            format!("Das Konto{of}, das diese E-Mail-Adresse hatte, hat jetzt eine andere."),
            "Wenn Sie es nicht waren, wenden Sie sich an den Betreiber.",
        ),
        Message::AccountLocked => (
            "Ihr Konto ist gesperrt",
            format!(
                "Für Ihr Konto{of} wurde zu oft ein falsches Passwort eingegeben; die Anmeldung ist eine Zeit lang gesperrt."
            ),
            "Wer angemeldet ist, bleibt es. Wenn Sie es nicht waren, rät vielleicht jemand: Ein neues Passwort, das Sie jetzt anfordern können, hebt die Sperre auf.",
        ),
        Message::LoginAfterFailures => (
            "Anmeldung nach falschen Passwörtern",
            format!(
                "Jemand hat sich nach mehreren falschen Passwörtern an Ihrem Konto{of} angemeldet."
            ),
            "Wenn Sie es nicht waren, fordern Sie sofort ein neues Passwort an.",
        ),
        Message::AccountDeleted => (
            "Ihr Konto wurde gelöscht",
            format!("Ihr Konto{of} wurde gelöscht, mit allem, was dazu gehörte."),
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
            "Zwei-Faktor-Anmeldung ist eingeschaltet",
            format!(
                "Beim Anmelden an Ihrem Konto{of} wird ab jetzt nach einem Code Ihrer Authenticator-App gefragt. Alle anderen Anmeldungen wurden beendet."
            ),
            "Bewahren Sie die Wiederherstellungscodes dort auf, wo Sie sie auch ohne Ihr Telefon finden. Wenn Sie es nicht waren, wenden Sie sich an den Betreiber.",
        ),
        Message::MfaDisabled => (
            "Zwei-Faktor-Anmeldung ist ausgeschaltet",
            format!(
                "Beim Anmelden an Ihrem Konto{of} wird nicht mehr nach einem Code einer Authenticator-App gefragt. Alle anderen Anmeldungen wurden beendet, und die Wiederherstellungscodes gelten nicht mehr."
            ),
            "Wenn Sie es nicht waren, fordern Sie sofort ein neues Passwort an.",
        ),
        Message::MfaLocked => (
            "Zu viele falsche Codes",
            format!(
                "Jemand, der sich an Ihrem Konto{of} bis zum zweiten Schritt oder ganz angemeldet hat, hat zu oft einen falschen Code eingegeben. Eine Zeit lang wird kein Code angenommen."
            ),
            "Wenn Sie es nicht waren, kennt vielleicht jemand Ihr Passwort: Fordern Sie ein neues an.",
        ),
        Message::RecoveryCodeUsed { left } => (
            "Ein Wiederherstellungscode wurde verwendet",
            match left {
                0 => format!("Der letzte Wiederherstellungscode Ihres Kontos{of} wurde verwendet."),
                1 => format!(
                    "Ein Wiederherstellungscode Ihres Kontos{of} wurde verwendet. Es gibt noch einen."
                ),
                left => format!(
                    "Ein Wiederherstellungscode Ihres Kontos{of} wurde verwendet. Es gibt noch {left}."
                ),
            },
            "Wenn Sie Ihre Authenticator-App verloren haben, schalten Sie die Zwei-Faktor-Anmeldung aus und mit einer anderen App wieder ein. Wenn Sie es nicht waren, fordern Sie sofort ein neues Passwort an und erzeugen Sie neue Wiederherstellungscodes.",
        ),
        Message::RecoveryCodesReplaced => (
            "Sie haben neue Wiederherstellungscodes",
            format!(
                "Für Ihr Konto{of} wurden neue Wiederherstellungscodes erzeugt. Die alten gelten nicht mehr."
            ),
            "Wenn Sie es nicht waren, fordern Sie sofort ein neues Passwort an.",
        ),
        Message::IdentityLinked { provider } => (
            "Ein neuer Weg, sich anzumelden",
            format!("An Ihrem Konto{of} kann man sich ab jetzt mit {provider} anmelden."),
            "Wenn Sie es nicht waren, entfernen Sie diesen Weg in Ihrem Konto und fordern Sie sofort ein neues Passwort an.",
        ),
        Message::IdentityUnlinked { provider } => (
            "Ein Weg, sich anzumelden, wurde entfernt",
            format!("An Ihrem Konto{of} kann man sich nicht mehr mit {provider} anmelden."),
            "Wenn Sie es nicht waren, fordern Sie sofort ein neues Passwort an.",
        ),
        _ => (
            "Nachricht zu Ihrem Konto",
            format!("Mit Ihrem Konto{of} ist etwas geschehen."),
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
