mod env;
mod faults;
mod life;
mod replay;
