use crate::testing::TestDatabase;

#[tokio::test]
async fn a_test_database_is_made_quickly() {
    let first = TestDatabase::create().await;
    let started = tokio::time::Instant::now();
    let second = TestDatabase::create().await;
    println!("{:?} {} {}", started.elapsed(), first.url(), second.url());
    second.db().await.ping().await.unwrap();
    let started = tokio::time::Instant::now();
    drop(second);
    println!("drop {:?}", started.elapsed());
}
