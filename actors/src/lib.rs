//! The services behind the HTTP API, and the actors that do their work in the background.
//!
//! Requests call functions of a service, or its batchers. Everything else is an actor of one of the shapes in [`kit`]:
//!
//! | actor | shape | owns | woken by | emits |
//! |---|---|---|---|---|
//! | `queue/create`, `claim`, `report`, `reclaim`, `read` | batcher | a database connection each | requests | the events of each change |
//! | `queue/wait-queue` | periodic | claims that wait for tasks | timer | nothing |
//! | `queue/worker-notes` | periodic | what workers were given, for a second | timer | nothing |
//! | `queue/rpc` | rpc server | calls under way | calls of other processes | replies |
//! | `artifacts/sweep` | periodic | nothing | timer | nothing |
//! | `auth/refresh` | periodic | the copy of clients and roles | timer | nothing |
//! | `built-in/workers`, `actions` | periodic | the runs it has claimed | commits that make built-in tasks pending | what resolving a run emits |
//! | `index/task-completed` | consumer | nothing | `task-completed` with an index route | nothing |
//! | `github/cancel` | periodic | nothing | timer | the events of the tasks it cancels |
//! | `github/tasks` | consumer | nothing | events of tasks with a route of GitHub, resolved groups | reports |
//! | `hooks/due` | periodic | nothing | the next date, changes of hooks, timer | the events of the tasks it makes |
//! | `hooks/listen` | periodic | a consumer for each hook with bindings | changes of hooks, timer; its consumers by messages | the same |
//! | `secrets/reseal` | periodic | nothing | timer | nothing |
//! | `relay` | periodic | the outbox, by a lock in the database | commits that wrote events, timer | all events, twice |
//! | `live` | periodic | the newest messages | a new follower, timer | pages of the log, to followers |
//! | `scheduler` | periodic | nothing | resolved tasks, timer | `task-group-resolved` |
//! | `notify/tasks` | consumer | nothing | events of tasks with a route of notify | notifications |
//! | `reflector/claims`, `deadlines`, `rows`, `repairs` | periodic | nothing | timer | `task-exception` and what follows |
//! | `treeherder/reporter` | consumer | a cache of task definitions | events of tasks with a Treeherder route | job messages |
//! | `notifications/publisher` | periodic | notifications of some milliseconds | commits of this process | notifications |
//! | `notifications/subscriber` | consumer | nothing | notifications of other processes | nothing |
//! | `database-version` | periodic | nothing | timer | log lines |
//!
//! Every process runs those of its roles under one [`kit::Supervisor`]. Several processes may run the same actor: rows are
//! locked with `skip locked`, and of several relays one is active.

pub mod actions_json;
pub mod artifacts;
pub mod auth;
pub mod built_in;
pub mod database_version;
pub mod derived_clients;
pub mod github;
pub mod group_snapshot;
pub mod hooks;
pub mod id_search;
pub mod index;
pub mod kit;
pub mod live;
pub mod notify;
pub mod object;
pub mod offered_actions;
pub mod overview;
pub mod purge_cache;
pub mod queue;
pub mod reflector;
pub mod relay;
pub mod remote_notifications;
pub mod scheduler;
pub mod secrets;
pub mod sessions;
pub mod sign_in;
pub mod third_parties;
pub mod treeherder;
pub mod worker_manager;

pub use protocol::error::FieldError;
