module rediscluster.example/go

go 1.19
