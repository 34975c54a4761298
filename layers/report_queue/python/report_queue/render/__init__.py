"""Renders reports in children that can be killed.

    worker (threads, credentials) ──control socket──► renderer (warm, one thread, no credentials)
       │                                                 │ fork
       └──────────────one channel per attempt──────────► child (limits, own process group) ──► PDF into an open file

The worker starts the renderer as a process of its own with an environment made from nothing, so neither it nor its
children ever hold a credential (a process that is merely forked keeps its parent's in /proc/self/environ and in its
memory). The renderer has loaded everything that a first render needs and renders nothing itself: each attempt is a
fork of it, with limits (`limits`), which a poison report may kill without harm to its neighbours.

This module is the worker's side; `zygote` is the renderer, `child` the attempt, `document` the way from data to PDF.
It knows nothing of the queue or of S3.
"""

from report_queue.render.renderer import Renderer, Rendering, RenderJob

__all__ = ["RenderJob", "Renderer", "Rendering"]
