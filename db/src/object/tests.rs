use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::testing::TestDatabase;

fn now() -> Timestamp {
    chrono::DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
}

fn upload(number: u128) -> NewUpload {
    NewUpload {
        name: "o".to_owned(),
        project_id: "p".to_owned(),
        backend_id: "local".to_owned(),
        upload_id: UploadId(Uuid::from_u128(number)),
        expires: now() + TimeDelta::days(1),
        hashes: Hashes::new(),
    }
}

/// Until some session waits for a lock of another.
async fn somebody_waits(db: &Db) {
    let waiting = "select exists (select from pg_locks where not granted)";
    while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(db.pool()).await.unwrap() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_object_swept_away_while_it_is_begun_anew_is_begun() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    assert_eq!(db.create_upload(&upload(1), now()).await.unwrap(), UploadCreated::Open);
    let mut sweep = db.pool().begin().await.unwrap();
    sqlx::query("delete from object where name = 'o'").execute(&mut *sweep).await.unwrap();
    // The old object is in the way of the insert, and gone when its row is read.
    let swept = async {
        somebody_waits(&db).await;
        sweep.commit().await.unwrap();
    };
    let another = upload(2);
    let (begun, ()) = tokio::join!(db.create_upload(&another, now()), swept);
    assert_eq!(begun.unwrap(), UploadCreated::Open);
    assert!(db.get_upload("o", another.upload_id).await.unwrap().is_some());
}

#[tokio::test]
async fn the_upload_id_of_another_object_is_refused() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    db.create_upload(&upload(1), now()).await.unwrap();
    let other = NewUpload { name: "other".to_owned(), ..upload(1) };
    assert_eq!(db.create_upload(&other, now()).await.unwrap(), UploadCreated::Differs("uploadId".to_owned()));
}
