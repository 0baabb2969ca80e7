//! Plays the part of the application as it was before: a table, and two people in it, whose passwords are hashed with bcrypt.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

const PEOPLE: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS people (
        id INTEGER PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        full_name TEXT,
        password TEXT,
        is_boss INTEGER NOT NULL DEFAULT 0,
        left_at INTEGER
    ) STRICT",
    "INSERT OR IGNORE INTO people (id, email, full_name, password, is_boss) VALUES
        (1, 'Ada@example.com', 'Ada', '$2b$10$ab3kQ0c9Ue5vY1hTzXo7Lu8TFINr88Fz.cwu4Y3ZBcMvM6LVDrqlS', 0),
        (2, 'grace@example.com', 'Grace', '$2b$10$Zs1rPq7mWd4nBv8xKc2jHep/QB9vdK6WbtUx7rAs41qPop3Mu6s72', 1)",
];

/// Makes the file as the application left it.
pub(crate) async fn set_up(file: &str) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    for statement in PEOPLE {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await
}
