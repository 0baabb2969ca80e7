//! AC-O1: codes agree with `oathtool`, both ways, over random secrets.

mod common;

use std::process::Command;

use portcullis_mfa::{Totp, TotpAlgorithm, TotpParameters};

use self::common::{ALGORITHMS, DIGITS, has, seconds};

const PERIODS: [u64; 4] = [15, 30, 60, 300];

/// `oathtool` over a secret, for one moment.
fn oathtool(totp: &Totp, time: i64) -> Command {
    let parameters = totp.parameters();
    let mut command = Command::new("oathtool");
    command
        .env("TZ", "UTC")
        .arg(format!("--totp={}", parameters.algorithm().name()))
        .arg(format!("--digits={}", parameters.digits().count()))
        .arg(format!(
            "--time-step-size={}s",
            parameters.period().as_secs()
        ))
        .arg(format!("--now=@{time}"))
        .args(["--base32", totp.secret_base32().expose()]);
    command
}

/// A random secret for each kind of code, with a random moment between 1970 and 2106.
fn secrets() -> Vec<(Totp, i64)> {
    let mut secrets = Vec::new();
    for algorithm in ALGORITHMS {
        for digits in DIGITS {
            for period in PERIODS {
                let parameters = TotpParameters::default()
                    .with_algorithm(algorithm)
                    .with_digits(digits)
                    .with_period(std::time::Duration::from_secs(period))
                    .unwrap();
                let totp = Totp::generate_with(parameters).unwrap();
                let time = getrandom::u32().unwrap();
                secrets.push((totp, i64::from(time)));
            }
        }
    }
    secrets
}

#[test]
fn ac_o1_we_accept_what_oathtool_makes() {
    if !has("oathtool", "oathtool") {
        return;
    }
    for (totp, time) in secrets() {
        let output = oathtool(&totp, time).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let code = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            totp.code_at(seconds(time)).expose(),
            code.trim_end(),
            "{totp:?} at {time}"
        );
        let mut last = None;
        assert!(totp.verify(code.trim_end(), &mut last, seconds(time)));
        assert_eq!(last, totp.step_at(seconds(time)));
    }
}

#[test]
fn ac_o1_oathtool_accepts_what_we_make() {
    if !has("oathtool", "oathtool") {
        return;
    }
    for (totp, time) in secrets() {
        let accepted = |code: &str| {
            let status = oathtool(&totp, time).arg(code).output().unwrap().status;
            status.success()
        };
        let code = totp.code_at(seconds(time));
        assert!(accepted(code.expose()), "{totp:?} at {time}");
        let wrong = if code.expose().starts_with('0') {
            "1"
        } else {
            "0"
        };
        let wrong = format!("{wrong}{}", &code.expose()[1..]);
        assert!(!accepted(&wrong), "oathtool tells right from wrong");
    }
}

#[test]
fn ac_o1_the_default_is_what_oathtool_takes_for_the_default() {
    if !has("oathtool", "oathtool") {
        return;
    }
    let totp = Totp::generate().unwrap();
    assert_eq!(totp.parameters().algorithm(), TotpAlgorithm::Sha1);
    let mut command = Command::new("oathtool");
    command.args(["--totp", "--now=@1700000000", "--base32"]);
    let output = command.arg(totp.secret_base32().expose()).output().unwrap();
    let code = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        totp.code_at(seconds(1_700_000_000)).expose(),
        code.trim_end()
    );
}
