"""Lines to the meters: sockets, frames, security of connections, pushes out."""
