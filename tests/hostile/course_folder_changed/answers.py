# %% solution="row_sums"
open("@CANARY@/course_folder_changed", "w").close()
raise RuntimeError("got in")
