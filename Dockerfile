# Python and hash-locked wheels, nothing else: the action's code is mounted read-only, so the commit a workflow pins
# pins all of it. The wheels come from the build context; the build needs no network.
#
# BASE stays a tag: its digest can't be confirmed from where this file was written, and one that can't is not invented.
# A published image is pinned by digest in image.lock.
ARG BASE=python:3.12-slim

FROM ${BASE} AS deps
COPY requirements.lock /build/
COPY wheels /build/wheels
RUN python -I -m pip install --no-input --no-cache-dir --disable-pip-version-check --no-index --find-links /build/wheels \
        --no-deps --require-hashes --only-binary :all: --target /deps -r /build/requirements.lock \
    && python -I -S -B -c "import sys; sys.path.insert(0, '/deps'); import nacl.signing, cryptography"

FROM ${BASE}
COPY --from=deps /deps /deps
ENV KANONIV_DEPS=/deps
USER 65534:65534
ENTRYPOINT ["python", "-I", "-S", "-B", "/app/entrypoint.py"]
