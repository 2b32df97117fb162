# %% solution="row_sums"
import json
import os


def frame(text, body=b""):
    data = text.encode()
    return len(data).to_bytes(4, "big") + len(body).to_bytes(4, "big") + data + body


def end(step, text, body=b""):
    result = frame(text, body)
    return frame(json.dumps({"kind": "End", "step": step, "result": len(result)}), result)


def send(data):
    for descriptor in range(3, 256):
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            return
        except OSError:
            pass


def row_sums(xs):
    pickle = b"cposix\nsystem\n(S'touch @CANARY@/frame_with_a_pickle'\ntR."
    case = {"kind": "ProgramClaim", "artifact": len(pickle)}
    send(end("row_sums", json.dumps({"cases": [case] * 3}), pickle * 3))
    os._exit(0)
