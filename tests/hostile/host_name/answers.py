# %% solution="row_sums"
import socket

if socket.gethostname() != "jail":
    raise RuntimeError("got in")
raise LookupError("this machine has no name of its own")
