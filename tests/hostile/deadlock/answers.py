# %% solution="row_sums"
import threading

lock = threading.Lock()


def row_sums(xs):
    lock.acquire()
    lock.acquire()
