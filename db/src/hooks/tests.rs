//! What holds whatever a caller does.

use super::*;
use crate::testing::TestDatabase;

#[tokio::test]
async fn every_constant_has_the_number_of_its_rust_value() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let fired_by = [
        ("fired_by_schedule", FiredBy::Schedule.code()),
        ("fired_by_trigger_hook", FiredBy::TriggerHook.code()),
        ("fired_by_trigger_hook_with_token", FiredBy::TriggerHookWithToken.code()),
        ("fired_by_pulse_message", FiredBy::PulseMessage.code()),
    ];
    let results = FireResult::ALL.map(|it| (format!("fire_result_{}", it.as_str().replace('-', "_")), it.code()));
    let fired_by = fired_by.map(|(name, code)| (name.to_owned(), code));
    for (name, code) in fired_by.into_iter().chain(results) {
        let sql = sqlx::AssertSqlSafe(format!("select {name}()"));
        let found: i16 = sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap();
        assert_eq!(found, code, "{name}");
    }
}
