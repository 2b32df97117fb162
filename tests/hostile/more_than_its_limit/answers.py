# %% solution="row_sums"
import resource

resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
raise RuntimeError("got in")
