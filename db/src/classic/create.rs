//! Asking for a build: the rows that a scheduler of the masters would write.

use sqlx::{Connection, MySql, MySqlConnection, QueryBuilder, pool::PoolConnection};

use super::{ClassicCreated, ClassicError, ClassicOrder, SchedulerDb};

/// How long a creator waits for another one of the same key, in seconds.
const PATIENCE: i32 = 10;

impl SchedulerDb {
    /// Makes the request, or finds the one that was made with this key. Several processes may ask at once: a lock of the
    /// server lets them through one by one, since the tables have no unique key to rely on.
    pub async fn create(&self, order: &ClassicOrder) -> Result<ClassicCreated, ClassicError> {
        self.within(async {
            let mut locked = Locked::take(self.pool.acquire().await?, &lock_name(order)).await?;
            let created = match find(locked.connection(), &order.id_string, &order.key).await? {
                Some(found) => found,
                None => insert(locked.connection(), order).await?,
            };
            locked.release().await;
            Ok(created)
        })
        .await
    }

    /// The request that was made with this key, the oldest if there are several. One without any key was made by the first
    /// bridge; it is taken over as long as it is open.
    pub async fn lookup(&self, id_string: &str, key: &str) -> Result<Option<ClassicCreated>, ClassicError> {
        self.within(async { find(&mut *self.pool.acquire().await?, id_string, key).await }).await
    }
}

/// At most 64 letters, which is what a server allows.
fn lock_name(order: &ClassicOrder) -> String {
    format!("drover {}", order.id_string).chars().take(64).collect()
}

/// A connection that holds a lock, which ends with it at the latest.
struct Locked {
    connection: Option<PoolConnection<MySql>>,
    name: String,
}

impl Locked {
    async fn take(connection: PoolConnection<MySql>, name: &str) -> Result<Self, sqlx::Error> {
        let mut locked = Self { connection: Some(connection), name: name.to_owned() };
        let asked = sqlx::query_scalar("select cast(get_lock(?, ?) as signed)").bind(name).bind(PATIENCE);
        let taken: Option<i64> = asked.fetch_one(locked.connection()).await?;
        if taken == Some(1) { Ok(locked) } else { Err(sqlx::Error::PoolTimedOut) }
    }

    fn connection(&mut self) -> &mut MySqlConnection {
        self.connection.as_mut().expect("it is taken at the end only")
    }

    /// Gives the lock back, and the connection to the pool. Without this the connection is closed.
    async fn release(mut self) {
        let released = sqlx::query_scalar::<_, Option<i64>>("select cast(release_lock(?) as signed)")
            .bind(self.name.clone())
            .fetch_one(self.connection())
            .await;
        if released.is_ok() {
            drop(self.connection.take());
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.close_on_drop();
        }
    }
}

async fn find(
    connection: &mut MySqlConnection,
    id_string: &str,
    key: &str,
) -> Result<Option<ClassicCreated>, sqlx::Error> {
    let sql = "select s.id as buildset_id, r.id as request_id \
               from buildsets s join buildrequests r on r.buildsetid = s.id \
               left join buildset_properties p on p.buildsetid = s.id and p.property_name = ? \
               where s.external_idstring = ? \
                 and (p.property_value = ? or p.property_value is null and r.complete = 0) \
               order by r.id limit 1";
    sqlx::query_as(sql).bind(ClassicOrder::KEY).bind(id_string).bind(key).fetch_optional(connection).await
}

/// All or nothing: a buildset without its request would never end.
async fn insert(connection: &mut MySqlConnection, order: &ClassicOrder) -> Result<ClassicCreated, sqlx::Error> {
    let mut writing = connection.begin().await?;
    let stamp = &order.stamp;
    let stamp_id = sqlx::query(
        "insert into sourcestamps (branch, revision, patchid, repository, project) values (?, ?, null, ?, ?)",
    )
    .bind(&stamp.branch)
    .bind(&stamp.revision)
    .bind(&stamp.repository)
    .bind(&stamp.project)
    .execute(&mut *writing)
    .await?
    .last_insert_id();
    let buildset_id = sqlx::query(
        "insert into buildsets (external_idstring, reason, sourcestampid, submitted_at, complete) values (?, ?, ?, ?, 0)",
    )
    .bind(&order.id_string)
    .bind(&order.reason)
    .bind(stamp_id)
    .bind(order.submitted_at)
    .execute(&mut *writing)
    .await?
    .last_insert_id();
    if !order.properties.is_empty() {
        let mut rows =
            QueryBuilder::new("insert into buildset_properties (buildsetid, property_name, property_value) ");
        rows.push_values(&order.properties, |mut row, (name, value)| {
            row.push_bind(buildset_id).push_bind(name).push_bind(value);
        });
        rows.build().execute(&mut *writing).await?;
    }
    let request_id = sqlx::query(
        "insert into buildrequests (buildsetid, buildername, priority, claimed_at, claimed_by_name, \
         claimed_by_incarnation, complete, submitted_at) values (?, ?, ?, 0, null, null, 0, ?)",
    )
    .bind(buildset_id)
    .bind(&order.builder)
    .bind(order.priority)
    .bind(order.submitted_at)
    .execute(&mut *writing)
    .await?
    .last_insert_id();
    writing.commit().await?;
    let number = |id: u64| i64::try_from(id).map_err(|error| sqlx::Error::Decode(error.into()));
    Ok(ClassicCreated { buildset_id: number(buildset_id)?, request_id: number(request_id)? })
}
