//! Built-in workers with a real queue on a real database.

mod actions;
mod backfill;
mod env;
mod simple;
