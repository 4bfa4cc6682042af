"""What people do, tested over both engines, without sockets."""
