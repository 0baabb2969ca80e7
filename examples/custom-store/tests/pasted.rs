//! What the example prints is true, and what is where.

#[path = "../../quickstart/tests/printed/mod.rs"]
mod printed;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use self::printed::{Directory, Example, has_curl, paste_all};

fn start(directory: &Directory) -> Example {
    let mut command = directory.command(env!("CARGO_BIN_EXE_custom-store"));
    Example::start(command.arg("0"))
}

#[test]
fn every_line_it_prints_shows_what_it_promises() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let example = start(&directory);
    paste_all(&example, &directory);
    let list = format!("curl -s {}/staff -H @grace", example.base());
    let staff = directory.paste(&list);
    assert!(staff.contains("Ada@example.com"), "{staff}");
    assert!(!staff.contains("mary@example.com"), "she has left: {staff}");
    assert!(!staff.contains("$2b$"), "both have logged in: {staff}");
}

/// The old hash, which somebody who has not come yet still has, and the new one stand in the one column.
#[test]
fn a_hash_is_replaced_in_the_applications_own_table() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let example = start(&directory);
    let lines = example.pasteables();
    directory.paste(&lines[0].line);
    let staff = directory.paste(&lines[1].line);
    assert!(
        staff.contains(r#""email":"Ada@example.com","hash":"$arg""#),
        "{staff}"
    );
    assert!(
        staff.contains(r#""email":"grace@example.com","hash":"$2b$""#),
        "{staff}"
    );
}

/// Neither addresses nor hashes are in the other database.
#[test]
fn the_other_database_knows_nobody_by_name() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let example = start(&directory);
    for pasteable in example.pasteables().iter().take(4) {
        directory.paste(&pasteable.line);
    }
    let (status, _) = example.end_by("-TERM");
    assert!(!status.success(), "it has no shutdown of its own");
    let read = |name: &str| std::fs::read(directory.0.join(name)).unwrap_or_default();
    let has =
        |file: &[u8], text: &str| file.windows(text.len()).any(|part| part == text.as_bytes());
    let theirs = [read("accounts.db"), read("accounts.db-wal")].concat();
    let own = [read("staff.db"), read("staff.db-wal")].concat();
    for text in ["Ada@example.com", "$argon2id$"] {
        assert!(has(&own, text), "{text} is in the application's table");
        assert!(!has(&theirs, text), "{text} is nowhere else");
    }
    assert!(
        has(&theirs, "portcullis_families"),
        "it is the other database"
    );
}

/// Whoever ran it before it knew of second factors runs it again.
#[test]
fn a_table_that_is_older_than_second_factors_is_brought_up() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    drop(start(&directory));
    let run = |statement: &'static str| {
        let options = SqliteConnectOptions::new().filename(directory.0.join("staff.db"));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            let mut connection = options.connect().await.unwrap();
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
            connection.close().await.unwrap();
        });
    };
    run("ALTER TABLE people_accounts DROP COLUMN mfa_since");
    let example = start(&directory);
    paste_all(&example, &directory);
    run("UPDATE people_accounts SET mfa_since = NULL");
}
