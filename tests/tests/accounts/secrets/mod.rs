//! A whole life of an account, and then a search for its secrets in all that was kept of it: AC-U1, AC-R5, AC-Z1, AC-V1, AC-O6.

mod capture;
mod journey;
mod noted;
mod second_factor;

use sqlx::{Connection as _, Row as _, SqliteConnection};

use self::journey::Journey;
use crate::support::{Place, SECRET, World};

/// Nothing in the files of the database, nothing in a dump of it, nothing in any log.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_secret_is_in_a_database_or_a_log() {
    for place in Place::each() {
        capture::listen();
        let is_sqlite = place.url.starts_with("sqlite");
        let world = World::on(place).await;
        let mut journey = Journey::new(&world);
        journey.noted.note("the server's secret", SECRET);
        journey.walk().await;
        journey.second_factor().await;
        let files = match is_sqlite {
            true => world.place.files(),
            false => Vec::new(),
        };
        let bytes: Vec<_> = files
            .iter()
            .map(|file| std::fs::read(file).unwrap())
            .collect();
        let rows = match is_sqlite {
            true => dump(&world.place.url).await,
            false => world.place.server().dump(&world.place.url),
        };
        let logged = capture::stop();
        journey.note_what_was_unsent().await;
        let noted = &journey.noted;
        assert!(noted.count() > 70, "{}", noted.count());

        for (file, bytes) in files.iter().zip(&bytes) {
            assert_eq!(noted.found_in(bytes), Vec::<String>::new(), "{file:?}");
        }
        assert_eq!(noted.found_in(rows.as_bytes()), Vec::<String>::new());
        assert_eq!(noted.found_in(logged.as_bytes()), Vec::<String>::new());
        hashes_of_passwords_are_of_users_alone(&rows, is_sqlite);

        // What is not secret is there: nothing was simply not looked at.
        assert!(rows.contains("ada.king@example.com"));
        assert!(logged.contains("portcullis::audit"));
        assert!(logged.contains("login.succeeded") && logged.contains("mfa.enrolled"));
        if is_sqlite {
            let names: Vec<_> = files.iter().map(|file| file.extension().unwrap()).collect();
            assert!(names.iter().any(|name| *name == "db-wal"), "{names:?}");
            let has_address = |bytes: &Vec<u8>| {
                let mut windows = bytes.windows(20);
                windows.any(|window| window == b"ada.king@example.com")
            };
            assert!(bytes.iter().any(has_address));
        }
    }
}

fn hashes_of_passwords_are_of_users_alone(rows: &str, is_sqlite: bool) {
    let table = match is_sqlite {
        true => "portcullis_users ",
        false => "INSERT INTO public.portcullis_users ",
    };
    let hashes = rows.lines().filter(|row| row.contains("$argon2id$"));
    assert!(hashes.clone().count() > 0);
    for row in hashes {
        assert!(row.starts_with(table), "{row}");
    }
}

/// All tables of a SQLite file, as text: bytes in hex.
async fn dump(url: &str) -> String {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table'";
    let tables = sqlx::query(tables)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut text = String::new();
    for table in tables {
        let name: String = table.get(0);
        let columns = sqlx::query("SELECT name FROM pragma_table_info(?)").bind(&name);
        let columns = columns.fetch_all(&mut connection).await.unwrap();
        let columns = columns.iter().map(|row| row.get::<String, _>(0));
        let shown: Vec<_> = columns
            .map(|column| format!("quote(\"{column}\")"))
            .collect();
        let all = format!("SELECT {} FROM \"{name}\"", shown.join(" || ' ' || "));
        let rows = sqlx::query(sqlx::AssertSqlSafe(all));
        for row in rows.fetch_all(&mut connection).await.unwrap() {
            text.push_str(&format!("{name} {}\n", row.get::<String, _>(0)));
        }
    }
    text
}
