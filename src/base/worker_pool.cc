#include "base/worker_pool.h"

#include "base/assert.h"
#include "base/error.h"

namespace paydesk {

WorkerPool::WorkerPool(asio::io_context& io, int threads) : io_(io) {
    PD_ASSERT(threads > 0);
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

WorkerPool::~WorkerPool() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::post(std::move_only_function<void()> job) {
    {
        std::lock_guard lock(mutex_);
        if (queue_.size() >= worker_queue_max)
            throw Unavailable("too much work is waiting for a worker thread");
        queue_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void WorkerPool::loop() {
    for (;;) {
        std::move_only_function<void()> job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            job = std::move(queue_.front());
            queue_.pop_front();
        }
        job();
    }
}

}  // namespace paydesk
